// Takes 90 s.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { type OwnDaemon, startOwnDaemon } from '@excel2doc/stages/testing/own-daemon';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';

const MIB = 1 << 20;
const DATA_MIB = 24;
const image = `nx-stages-test/other-${randomBytes(4).toString('hex')}`;
/** Variables by which Nx and what it starts find their engine. */
const env: Record<string, string> = {};
const workspace = new NxWorkspace(env);
let first: Engine;
let other: OwnDaemon | null = null;

beforeAll(async () => {
  first = await locateEngine();
  const plugin = { plugin: '@excel2doc/nx-stages', options: { imageName: image } };
  await workspace.start({
    'nx.json': JSON.stringify({ analytics: false, cacheDirectory: '.nx/cache', plugins: [plugin] }),
    'apps/api/project.json': '{"name":"api"}',
    'apps/api/Dockerfile': 'FROM scratch\nCOPY data.bin /\nCMD ["/none"]\n',
  });
  write();
}, 300_000);
afterEach(async () => {
  await other?.stop();
  other = null;
  use(null);
});
afterAll(async () => {
  for (const { tag } of await first.listImages([`reference=${image}`]))
    await first.removeImage(`${image}:${tag}`);
  workspace.remove();
});

/** Bytes that no compression makes fewer, and no other image has. */
function write(): void {
  writeFileSync(join(workspace.root, 'apps/api/data.bin'), randomBytes(DATA_MIB * MIB));
}

/** As who sets DOCKER_HOST in a shell; null: back to this machine's. */
function use(daemon: OwnDaemon | null): void {
  for (const name of Object.keys(env)) delete env[name];
  if (!daemon) return;
  const { docker } = daemon.engine;
  Object.assign(env, daemon.engine.env, {
    DOCKER_HOST: daemon.host,
    PATH: `${dirname(docker)}${delimiter}${process.env['PATH']}`,
  });
}

const build = () => workspace.nx('run', 'api:docker-build');
const isHit = (output: string) => /nx run api:docker-build +\[(local cache|existing)/.test(output);

async function built(): Promise<string> {
  const { status, output } = await build();
  if (status !== 0) throw new Error(output);
  return output;
}

/** Whether a container of the image would find what was copied into it. */
async function isWhole(engine: Engine): Promise<boolean> {
  const { stdout } = await engine.command(['create', '--network', 'none', `${image}:dev`]);
  const copy = join(workspace.root, 'copied.bin');
  await engine.command(['cp', `${stdout.trim()}:/data.bin`, copy]);
  await engine.command(['rm', stdout.trim()]);
  const digest = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  return digest(copy) === digest(join(workspace.root, 'apps/api/data.bin'));
}

test.for(['containerd', 'classic'] as const)(
  'another engine (%s store) than the one of the run before gets the image, though Nx has the line that it is there',
  { timeout: 600_000 },
  async (store, { skip }) => {
    other = await startOwnDaemon(first, store, { hasNoNetwork: true });
    if (!other) return skip('the engine here is not the private one');
    write();
    await built();
    await built();
    const repeat = await built();
    expect(isHit(repeat), repeat).toBe(true);

    use(other);
    const elsewhere = await built();
    expect(elsewhere).toMatch(/\(full load/);
    expect(isHit(elsewhere), elsewhere).toBe(false);
    expect(await isWhole(other.engine)).toBe(true);
    const again = await built();
    expect(isHit(again), again).toBe(true);

    use(null);
    const back = await built();
    expect(back).not.toMatch(/ load,/);
    expect(await isWhole(first)).toBe(true);
  },
);

/** What is left free when the image comes: too little to receive it, too little to unpack it. */
test.for([
  ['receives', DATA_MIB / 2],
  ['unpacks', DATA_MIB * 1.5],
] as const)(
  'a disk that is full while the engine %s an image is named, and the next run mends it',
  { timeout: 600_000 },
  async ([, freeMiB], { skip }) => {
    other = await startOwnDaemon(first, 'containerd', {
      diskMiB: 8 * DATA_MIB,
      hasNoNetwork: true,
    });
    if (!other) return skip('the engine here is not the private one');
    use(other);
    write();
    const ballast = join(other.disk, 'ballast');
    const { bavail, bsize } = statfsSync(other.disk);
    writeFileSync(ballast, Buffer.alloc(bavail * bsize - freeMiB * MIB));

    const { status, output } = await build();
    expect(output).toMatch(/^ *✗ The disk is full\. Free some space/m);
    expect(output.match(/^ *✗ /gm), output).toHaveLength(1);
    expect(output).not.toMatch(/ load,|is in the engine/);
    expect(status).not.toBe(0);
    expect(await other.engine.listImages([`reference=${image}`])).toEqual([]);

    rmSync(ballast);
    expect(await built()).toMatch(/\(full load/);
    expect(await isWhole(other.engine)).toBe(true);
  },
);
