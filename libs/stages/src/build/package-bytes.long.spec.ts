// Takes 100 s.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheFolder } from '@excel2doc/engine';
import { faultyProxy } from '@excel2doc/oci/testing/proxy';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { realCache } from '@excel2doc/oci/testing/remote-cache';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { StagedWorkspace } from '../testing/staged';
import { transferOf } from './transfer';

const SITE = 'app/venv/lib/python3.12/site-packages';
const MB = 1_000_000;
let workspace: StagedWorkspace;

beforeAll(async () => {
  workspace = await StagedWorkspace.make();
  await workspace.write(
    'app/Dockerfile',
    `FROM busybox:test AS builder
COPY venv /opt/venv
RUN chmod 0755 /opt/venv
FROM busybox:test AS runner
COPY --from=builder /opt/venv /opt/venv
COPY main.sh /srv/
CMD ["sh", "/srv/main.sh"]
`,
  );
  // As a real venv is: some large ones, and many small.
  for (let at = 0; at < 10; at++) await install(`large${at}`, 3_000_000);
  for (let at = 0; at < 60; at++) await install(`small${at}`, 250_000 - at * 2000);
});

afterAll(() => workspace.remove());

/** A distribution whose content does not compress. */
async function install(name: string, sizeBytes: number): Promise<void> {
  const folder = join(workspace.root, SITE, name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'data.bin'), randomBytes(sizeBytes));
  await workspace.write(
    `${SITE}/${name}-1.0.dist-info/RECORD`,
    `${name}/data.bin,,\n${name}-1.0.dist-info/RECORD,,\n`,
  );
}

const said = async (step: Promise<{ success: boolean; text: string }>) => {
  const { success, text } = await step;
  if (!success) throw new Error(text);
  return text;
};

async function uninstall(name: string): Promise<void> {
  for (const folder of [name, `${name}-1.0.dist-info`])
    await rm(join(workspace.root, SITE, folder), { recursive: true, force: true });
}

/** What Nx packs and sends to the remote cache for a stage. */
async function outputBytes(stage: string): Promise<number> {
  const folder = workspace.folder(stage);
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = files.map(async (file) =>
    file.isFile() ? (await stat(join(file.parentPath, file.name))).size : 0,
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Builds, loads and pushes; the bytes that each place was sent, as it was said. */
async function sent(registry: string) {
  const options = { layering: 'package' as const, layerRepository: `${registry}/layers` };
  await said(workspace.plan(options));
  for (const stage of ['builder', 'runner']) await said(workspace.stage(stage, options));
  const bytes = (text: string) => transferOf(text)!.bytes;
  return {
    engine: bytes(await said(workspace.load())),
    registry: bytes(await said(workspace.push(`${registry}/app`))),
    outputs: (await outputBytes('builder')) + (await outputBytes('runner')),
  };
}

test('one package of 200 KB added to 45 MB sends at most 1 MB to each place', async () => {
  const registry = await realRegistry();
  const first = await sent(registry);
  expect(first.engine).toBeGreaterThan(40 * MB);
  await install('added', 200_000);
  const second = await sent(registry);
  console.log({ first, second });
  expect(second.engine).toBeGreaterThan(200_000);
  expect(second.engine).toBeLessThanOrEqual(MB);
  expect(second.registry).toBeLessThanOrEqual(MB);
  // Its layers lie in the registry: what Nx keeps of a stage is its description.
  expect(second.outputs).toBeLessThanOrEqual(MB);
}, 1_800_000);

/** A machine that has the engine and nothing that was built. */
async function freshMachine(): Promise<void> {
  const users = cacheFolder();
  const cache = await mkdtemp(join(tmpdir(), 'nx-stages-blobs-'));
  onTestFinished(() => rm(cache, { recursive: true }));
  vi.stubEnv('XDG_CACHE_HOME', cache);
  onTestFinished(() => void vi.unstubAllEnvs());
  await mkdir(cacheFolder());
  for (const name of ['engine', 'tools', 'bases'])
    await symlink(join(users, name), join(cacheFolder(), name));
}

test('one package of 200 KB added sends at most 1 MB to the remote cache, from a fresh machine too', async () => {
  const server = await realCache();
  const proxy = await faultyProxy(new URL(server.url).host, () => null);
  vi.stubEnv('NX_SELF_HOSTED_REMOTE_CACHE_SERVER', `http://${proxy.host}`);
  vi.stubEnv('NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN', server.tokens.main);
  onTestFinished(() => void vi.unstubAllEnvs());
  /** Layers, and what Nx packs of the outputs. */
  const sent = async () => {
    const options = { layering: 'package' as const, layersInCache: true };
    const before = proxy.seen.length;
    await said(workspace.plan(options));
    for (const stage of ['builder', 'runner']) await said(workspace.stage(stage, options));
    const puts = proxy.seen.slice(before).filter(({ method }) => method === 'PUT');
    const layers = puts.reduce((sum, { headers }) => sum + Number(headers['content-length']), 0);
    return layers + (await outputBytes('builder')) + (await outputBytes('runner'));
  };
  // The same package as above: which bucket it comes into makes the difference.
  await uninstall('added');
  const first = await sent();
  expect(first).toBeGreaterThan(40 * MB);
  await install('added', 200_000);
  await freshMachine();
  const second = await sent();
  console.log({ first, second });
  expect(second).toBeGreaterThan(200_000);
  expect(second).toBeLessThanOrEqual(MB);
}, 1_800_000);
