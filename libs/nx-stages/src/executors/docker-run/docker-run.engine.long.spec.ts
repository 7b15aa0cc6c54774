// Takes 75 s.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../../testing/nx-workspace';

let staged: StagedWorkspace;
let engine: Engine;
const workspace = new NxWorkspace();
const name = `nx-stages-run-${randomBytes(4).toString('hex')}`;
const image = `nx-stages-test/${name}`;

/** Says what it was given; waits where it is told to, and heeds no signal then. */
const SCRIPT = `#!/bin/sh
[ "$1" = fail ] && exit 3
[ "$1" = wait ] && { trap '' TERM INT; touch "/data/$2"; while :; do sleep 1; done; }
echo "says $GREETING $FROM_FILE $(cat /data/file) $*"
echo "lines: $LINES_OF"
exit 0
`;

beforeAll(async () => {
  staged = await StagedWorkspace.make();
  engine = await locateEngine();
  const plugin = { plugin: '@excel2doc/nx-stages', options: { imageName: image } };
  const options = {
    name,
    env: { GREETING: 'hello there', LINES_OF: 'one\ntwo' },
    envFile: 'app/run.env',
    volumes: ['app/data:/data'],
  };
  await workspace.start({
    'docker/images.local.json': await readFile(join(staged.root, 'images.local.json'), 'utf8'),
    'nx.json': JSON.stringify({ analytics: false, cacheDirectory: '.nx/cache', plugins: [plugin] }),
    'app/project.json': JSON.stringify({ name: 'app', targets: { 'docker-run': { options } } }),
    'app/Dockerfile':
      'FROM busybox:test AS out\nCOPY --chmod=755 run.sh /\nENTRYPOINT ["/run.sh"]\n',
    'app/run.sh': SCRIPT,
    'app/run.env': 'FROM_FILE=file\nGREETING=not this\n',
    'app/data/file': 'mounted\n',
  });
}, 300_000);

afterAll(async () => {
  await engine.command(['rm', '--force', name], { allowFailure: true });
  for (const { repository, tag } of await engine.listImages([`reference=${image}`]))
    await engine.removeImage(`${repository}:${tag}`);
  await staged?.remove();
  workspace.remove();
});

const run = (...args: string[]) => workspace.nx('run', 'app:docker-run', ...args);
const containers = async () => {
  const filter = `--filter=volume=${join(workspace.root, 'app/data')}`;
  const { stdout } = await engine.command(['ps', '--all', '--format={{.Names}}', filter]);
  return stdout.split('\n').filter(Boolean);
};

/** Nx in the background; it is ended, or the test. */
function start(...args: string[]) {
  const nx = join(workspace.root, 'node_modules/nx/dist/bin/nx.js');
  const outer = Object.entries(process.env).filter(([key]) => !/^(?:NX_|VITEST)/.test(key));
  const tsx = `--import=${pathToFileURL(require.resolve('tsx'))}`;
  const env = { ...Object.fromEntries(outer), NX_DAEMON: 'false', NODE_OPTIONS: tsx };
  return spawn(process.execPath, [nx, 'run', 'app:docker-run', ...args], {
    cwd: workspace.root,
    env,
    stdio: 'ignore' as const,
  });
}

test('an image that is not there is made first, and run with what the options say', async () => {
  const { status, output } = await run('--', 'one', 'two');
  expect(status, output).toBe(0);
  expect(output).toContain('says hello there file mounted one two\nlines: one\ntwo\n');
  expect(output).toContain('app:docker-out');
  expect(await containers()).toEqual([]);
}, 300_000);

test('a status other than 0 fails it and is named, and no value is said', async () => {
  const { status, output } = await run('--', 'fail');
  expect(status).not.toBe(0);
  expect(output).toContain(`✗ ${image}:dev ended with exit status 3`);
  expect(output).not.toContain('hello there');
}, 300_000);

test('a port that is in use is one line', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
  const { status, output } = await run(`--ports=127.0.0.1:${port}:80`);
  server.close();
  expect(status).not.toBe(0);
  const own = output.split('\n').filter((line) => line.startsWith('✗'));
  expect(own, output).toHaveLength(1);
  expect(own[0]).toMatch(new RegExp(`^✗ Port ${port} is taken`));
  expect(output).not.toContain('docker: ');
}, 300_000);

test('another container of its name is said in one line, and is left alone', async () => {
  const other = ['run', '--detach', '--name', name, `${image}:dev`, 'wait', 'of-another'];
  await engine.command([...other.slice(0, 4), '--volume=/tmp:/data', ...other.slice(4)]);
  const { status, output } = await run();
  expect(status).not.toBe(0);
  expect(output).toContain(`✗ There is a container ${name} already`);
  const { stdout } = await engine.command(['inspect', '--format={{.State.Running}}', name]);
  expect(stdout.trim()).toBe('true');
  await engine.command(['rm', '--force', name]);
}, 300_000);

test('--detach leaves it running, and says how it is ended', async () => {
  const { status, output } = await run('--', '--detach=true', 'wait', 'detached');
  expect(status, output).toBe(0);
  expect(output).toContain(`\`docker rm --force ${name}\` ends it`);
  await expect.poll(() => workspace.has('app/data/detached'), { timeout: 30_000 }).toBe(true);
  expect(await containers()).toEqual([name]);
  await engine.command(['rm', '--force', name]);
}, 300_000);

test.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
  'who ends Nx ends the container, though it heeds no signal: %s',
  async (signal) => {
    const nx = start('--', 'wait', signal);
    try {
      await expect.poll(() => workspace.has(`app/data/${signal}`), { timeout: 60_000 }).toBe(true);
      expect(await containers()).toEqual([name]);
      nx.kill(signal);
      await expect.poll(containers, { timeout: 60_000, interval: 500 }).toEqual([]);
    } finally {
      nx.kill('SIGKILL');
    }
  },
  300_000,
);
