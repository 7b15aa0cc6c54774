// Takes 70 s.
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { cacheFolder, locateEngine } from '@excel2doc/engine';
import { realCache } from '@excel2doc/oci/testing/remote-cache';
import { toolFolder } from '@excel2doc/oci/testing/tool-folder';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type OwnDaemon, startOwnDaemon } from '../testing/own-daemon';
import { StagedWorkspace } from '../testing/staged';

/** The first with a cache of a file each is 23.3. */
const PIP = 'pip-25.3';
const WHEEL = `${PIP}-py3-none-any.whl`;
const BASE = 'python:3.12-slim-bookworm';
const PORT = 8099;
const FIRST = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];

let daemon: OwnDaemon | null;
let workspace: StagedWorkspace;
let packages: string;
let address: string;
const requests: string[] = [];

/** From the index that this machine has, once. */
function fromIndex(name: string, holds: string): string {
  const [project, version] = name.split('-');
  return toolFolder(name, { holds, source: `pip cannot fetch ${name}` }, (folder) => {
    execFileSync('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, `${project}==${version}`]); // prettier-ignore
  });
}
const makeWheel = (name: string) =>
  execFileSync('python3', [join(__dirname, '../testing/wheel.py'), packages, name, '1.0', '50000']);

beforeAll(async () => {
  const like = await locateEngine();
  daemon = await startOwnDaemon(like, 'containerd', { hasOwnNetwork: true });
  if (!daemon) return;
  vi.stubEnv('XDG_CACHE_HOME', daemon.env['XDG_CACHE_HOME']);
  packages = await mkdtemp(join(tmpdir(), 'nx-stages-packages-'));
  [...FIRST, 'zeta'].forEach(makeWheel);
  const format = '{{(index .IPAM.Config 0).Gateway}}';
  const { stdout } = await daemon.engine.command(['network', 'inspect', 'bridge', '--format', format]); // prettier-ignore
  address = stdout.trim();
  await serve(daemon);
  workspace = await StagedWorkspace.make();
  const pip = fromIndex(PIP, WHEEL);
  mkdirSync(join(workspace.root, 'app'), { recursive: true });
  copyFileSync(join(pip, WHEEL), join(workspace.root, 'app', WHEEL));
  await nameBase();
});

afterAll(async () => {
  await workspace?.remove();
  vi.unstubAllEnvs();
  await daemon?.stop();
  if (packages) await rm(packages, { recursive: true, force: true });
});

/** The index, in the engine's network: nothing of this machine's is asked. */
async function serve({ pid }: OwnDaemon): Promise<void> {
  const script = join(__dirname, '../testing/package-index.ts');
  const command = [
    `--net=/proc/${pid()}/ns/net`,
    process.execPath,
    '--import',
    'tsx',
    script,
    packages,
    String(PORT),
  ];
  const child = spawn('nsenter', command, { cwd: __dirname, stdio: ['ignore', 'pipe', 'inherit'] });
  stopIndex = () => void child.kill('SIGKILL');
  const lines = createInterface(child.stdout);
  await new Promise<void>((resolve, reject) => {
    lines.on('line', (line) => {
      const url = JSON.parse(line) as string;
      if (url === 'ready') resolve();
      else requests.push(url);
    });
    child.once('exit', (code) => reject(new Error(`the index ended with ${code}`)));
  });
}
let stopIndex = (): void => undefined;
afterAll(() => stopIndex());

/** The stand-in, beside busybox. */
async function nameBase(): Promise<void> {
  const path = join(workspace.root, 'images.local.json');
  const local = JSON.parse(await readFile(path, 'utf8')) as { images: Record<string, object> };
  const bases = JSON.parse(await readFile(join(cacheFolder(), 'bases/bases.json'), 'utf8')) as {
    platforms: Record<string, Record<string, { digest: string; layoutDir: string }>>;
  };
  const { platform } = workspace.engine;
  const { digest, layoutDir } = bases.platforms[platform]![BASE]!;
  local.images[BASE] = { [platform]: { digest, layoutDir, tag: `excel2doc/stand-in/${BASE}` } };
  await workspace.write('images.local.json', JSON.stringify(local));
}

/** Nothing of any build is left: neither in the engine nor in the workspace. */
async function anotherMachine(): Promise<void> {
  await daemon!.engine.command(['builder', 'prune', '--all', '--force']);
  await rm(join(workspace.root, 'dist'), { recursive: true, force: true });
}

async function built(names: readonly string[], cacheMounts?: { budget: string }): Promise<string> {
  await workspace.write('app/requirements.txt', names.map((name) => `${name}==1.0\n`).join(''));
  requests.length = 0;
  const plan = await workspace.plan();
  expect(plan.success, plan.text).toBe(true);
  const { success, text } = await workspace.stage('deps', cacheMounts && { cacheMounts });
  expect(success, text).toBe(true);
  return text;
}

const downloads = () =>
  [...new Set(requests.flatMap((url) => /^\/files\/([^-]+)/.exec(url)?.[1] ?? []))].sort();

const instructions = () => `FROM ${BASE} AS deps
COPY ${WHEEL} requirements.txt /srv/
RUN --mount=type=cache,target=/root/.cache/pip python3 /srv/${WHEEL}/pip install --no-compile --target /opt/site --index-url http://${address}:${PORT}/simple --trusted-host ${address} -r /srv/requirements.txt
`;

test(
  'pip: a package more downloads one, on a machine that has never built it, for the same image',
  { timeout: 600_000 },
  async ({ skip }) => {
    if (!daemon) return skip('the engine here is not the private one');
    const { url, tokens } = await realCache();
    vi.stubEnv('NX_SELF_HOSTED_REMOTE_CACHE_SERVER', url);
    vi.stubEnv('NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN', tokens.main);
    onTestFinished(() => {
      vi.stubEnv('NX_SELF_HOSTED_REMOTE_CACHE_SERVER', '');
    });
    await workspace.write('app/Dockerfile', instructions());
    await anotherMachine();
    const first = await built(FIRST, { budget: '1GB' });
    expect(first).toMatch(/cache mount .* kept anew/);
    expect(downloads()).toEqual([...FIRST].sort());

    await anotherMachine();
    const second = await built([...FIRST, 'zeta'], { budget: '1GB' });
    expect(second).toMatch(/cache mount .* from the remote cache/);
    expect(second.split('\n').filter((line) => line.startsWith('! '))).toEqual([]);
    expect(downloads()).toEqual(['zeta']);
    const { digest } = await workspace.record('deps');

    await anotherMachine();
    await built([...FIRST, 'zeta']);
    expect(downloads()).toHaveLength(6);
    expect((await workspace.record('deps')).digest).toBe(digest);
  },
);
