// Takes 240 s.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { newToken, parseConfig, type RunningServer, startServer } from '@excel2doc/cache-server';
import { cacheFolder, type Engine, locateEngine, readBases } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeImages } from './image';
import {
  type LocalRegistry,
  type PrivateRegistry,
  startPrivateRegistry,
  startRegistry,
} from './package/registry';
import {
  bareWorkspace,
  type ForeignWorkspace,
  GIT,
  NX_VERSION,
  publishPackage,
  shell,
  userEnvironment,
  writeFiles,
} from './package/workspace';
import { filesWith, writingsOf } from './secrets/find';
import { CLIENT, writeGitClient } from './secrets/git-client';
import { type GitServer, startGitServer } from './secrets/git-server';
import { type PipIndex, startPipIndex } from './secrets/pip-index';

const scratch = mkdtempSync(join(tmpdir(), 'nx-stages-secrets-'));
const folder = join(scratch, 'shop');
const store = join(scratch, 'store');
const IMAGE = 'secrets-e2e/app';
const CLONED = 'secrets-e2e/cloned';
const PIP_TOKEN = 'pip-T0ken/with+odd=signs-0815';
/** Every file within every layer is looked into; on a machine that is busy with more, that takes its time. */
const SEARCH_MS = 1_800_000;
const BASE = 'python:3.12-slim-bookworm';

let engine: Engine;
let npm: LocalRegistry;
let acme: PrivateRegistry;
let pip: PipIndex;
let cache: RunningServer;
let cacheToken: string;
let git: GitServer;
let shop: ForeignWorkspace;
let terminal = '';

const dockerfile = () => `FROM ${BASE} AS tools
COPY node /usr/local/bin/
COPY npm /usr/local/lib/npm
COPY pip /opt/pip/pip

FROM tools AS deps
WORKDIR /app
COPY package.json .
RUN --mount=type=secret,id=npm,required,target=/root/.npmrc \\
    node /usr/local/lib/npm/bin/npm-cli.js install --registry=${acme.url}
RUN --mount=type=secret,id=pip,required,target=/etc/pip.conf \\
    PYTHONPATH=/opt/pip python3 -m pip install --no-cache-dir --disable-pip-version-check --target /app/py acme-tool && \\
    cat /etc/pip.conf && cut -d @ -f 1 /etc/pip.conf && base64 /etc/pip.conf

FROM deps AS runner
COPY main.py .
CMD ["python3", "main.py"]
`;

beforeAll(async () => {
  engine = await locateEngine();
  const inspect = [
    'network',
    'inspect',
    'bridge',
    '--format',
    '{{(index .IPAM.Config 0).Gateway}}',
  ];
  const host = (await engine.command(inspect)).stdout.trim();
  for (const name of ['store', 'pip', 'npm-package']) mkdirSync(join(scratch, name));
  const source = { 'private.txt': 'acme canary repository\n' };
  git = await startGitServer(host, source);
  pip = await startPipIndex(join(scratch, 'pip'), host, PIP_TOKEN);
  acme = await startPrivateRegistry(join(scratch, 'acme'), host);
  npm = await startRegistry(join(scratch, 'verdaccio'));
  await publishPackage(npm, join(scratch, 'package'));
  const token = newToken();
  cacheToken = token.token;
  cache = await startServer(
    parseConfig(
      {
        listen: { port: 0 },
        log: 'silent',
        scopes: { main: { trusted: true } },
        tokens: [{ name: 'ci', sha256: token.sha256, scope: 'main' }],
        store: { kind: 'disk', directory: store },
      },
      {},
      scratch,
    ),
  );
  shop = { folder, env: { ...userEnvironment(npm.npmrc), ACME_NPMRC: undefined } };
  await bareWorkspace(shop, NX_VERSION);
  writeFiles(join(scratch, 'npm-package'), {
    'package.json': JSON.stringify({ name: '@acme/greeting', version: '1.0.0' }),
    'index.js': 'module.exports = "acme canary greeting";\n',
  });
  const publish = `cd ${join(scratch, 'npm-package')} && npm publish --registry=${acme.url} --${acme.url.replace('http:', '')}:_authToken=${acme.token}`;
  expect(await shell(shop, publish)).toMatchObject({ status: 0 });
  writeFileSync(
    join(scratch, 'pip.conf'),
    `[global]\nindex-url = http://${pip.authority}/simple/\ntrusted-host = ${pip.host.split(':')[0]}\n`,
  );
  const npmCli = join(dirname(dirname(realpathSync(process.execPath))), 'lib/node_modules/npm');
  mkdirSync(join(folder, 'app'), { recursive: true });
  cpSync(realpathSync(process.execPath), join(folder, 'app/node'));
  cpSync(npmCli, join(folder, 'app/npm'), { recursive: true });
  const ofPip = 'import pip, os; print(os.path.dirname(pip.__file__))';
  const pipFolder = execFileSync('python3', ['-c', ofPip], { encoding: 'utf8' }).trim();
  cpSync(pipFolder, join(folder, 'app/pip'), { recursive: true });
  writeGitClient(join(folder, 'cloned/git'));
  const bases = Object.values((await readBases())?.platforms[engine.platform] ?? {});
  const base = bases.find(({ reference }) => reference === BASE)!;
  const images = {
    [BASE]: { [engine.platform]: { digest: base.digest, layoutDir: base.layoutDir, tag: 'x' } },
  };
  writeFiles(folder, {
    'docker/images.local.json': JSON.stringify({ format: 1, images }),
    'docker/images.lock.json': '{"format":1,"images":{}}',
    'app/project.json': JSON.stringify({
      name: 'app',
      targets: {
        'docker-plan': { options: { secrets: ['id=npm,env=ACME_NPMRC'] } },
        'docker-deps': {
          options: { secrets: [{ id: 'pip', command: ['cat', join(scratch, 'pip.conf')] }] },
        },
      },
    }),
    'app/package.json': JSON.stringify({ private: true, dependencies: { '@acme/greeting': '1' } }),
    'app/main.py':
      'import sys; sys.path.insert(0, "/app/py")\nimport acme_tool; print(acme_tool.said)\n',
    'app/Dockerfile': dockerfile(),
    'cloned/project.json': JSON.stringify({
      name: 'cloned',
      targets: {
        'docker-plan': { options: { ssh: ['default'] } },
        ...Object.fromEntries(
          ['docker-build', 'docker-run'].map((name) => [name, { options: { image: CLONED } }]),
        ),
      },
    }),
    'cloned/known_hosts': git.knownHosts,
    'cloned/Dockerfile': `FROM ${BASE} AS deps
COPY git ${CLIENT}
COPY known_hosts /etc/ssh/ssh_known_hosts
RUN --mount=type=ssh,required \\
    GIT_SSH=${CLIENT}/bin/ssh GIT_EXEC_PATH=${CLIENT}/bin ${CLIENT}/bin/git clone -q ${git.url} /src
FROM ${BASE}
COPY --from=deps /src /src
CMD ["cat", "/src/private.txt"]
`,
    'nx.json': JSON.stringify({
      analytics: false,
      neverConnectToCloud: true,
      cacheDirectory: '.nx/cache',
      plugins: [{ plugin: '@excel2doc/nx-stages', options: { imageName: IMAGE } }],
    }),
  });
  const added = `npm install -D @excel2doc/nx-stages && git add -A && ${GIT} commit -qm app`;
  expect(await shell(shop, added)).toMatchObject({ status: 0 });
}, 300_000);

afterAll(async () => {
  await cache?.stop();
  for (const each of [npm, acme, pip, git]) each?.stop();
  if (engine) await removeImages(engine, IMAGE, CLONED);
  rmSync(scratch, { recursive: true, force: true });
});

async function nx(line: string, more: Record<string, string> = {}) {
  const ran = await shell(shop, `npx nx ${line}`, {
    NX_SELF_HOSTED_REMOTE_CACHE_SERVER: cache.url,
    NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: cacheToken,
    ...more,
  });
  terminal += ran.output;
  return ran;
}

test('private npm and pip packages come into the image', async () => {
  const { status, output } = await nx('run app:docker-build --verbose', {
    // Not as an argument: npm writes those to its log, which lies in the layer.
    ACME_NPMRC: `${acme.url.replace('http:', '')}:_authToken=${acme.token}`,
  });
  expect(status, output).toBe(0);
  expect((await engine.run({ image: `${IMAGE}:dev` })).stdout).toBe('acme says hello\n');
}, 300_000);

test(
  'no token is in an output, a log, a cache, the image or an argument',
  async () => {
    const saved = join(scratch, 'image');
    mkdirSync(saved);
    await engine.command(['image', 'save', '--output', join(saved, 'image.tar'), `${IMAGE}:dev`]);
    writeFileSync(join(scratch, 'terminal'), terminal);
    writeFileSync(join(scratch, 'arguments'), pip.seenArguments.join('\n'));
    const log = join(cacheFolder(), 'engine/dockerd.log');
    const places = ['dist', '.nx'].map((name) => join(folder, name));
    const all = [...places, store, saved, join(scratch, 'terminal'), join(scratch, 'arguments')];
    // The search finds what is there: in layers, in archives of the caches, in the log.
    const canary = ['acme canary greeting'];
    for (const place of [join(folder, 'dist'), store, saved])
      expect(filesWith(place, canary), place).not.toEqual([]);
    expect(filesWith(join(scratch, 'arguments'), ['--secret'])).not.toEqual([]);
    expect(readFileSync(join(folder, 'dist/app/docker/deps/build.log'), 'utf8')).toContain('***');
    const tokens = [PIP_TOKEN, encodeURIComponent(PIP_TOKEN), acme.token].flatMap(writingsOf);
    for (const place of existsSync(log) ? [...all, log] : all)
      expect(filesWith(place, tokens), place).toEqual([]);
  },
  SEARCH_MS,
);

test('who has no token takes what was built, and is refused before a new build, by the option', async () => {
  for (const name of ['dist', '.nx']) rmSync(join(folder, name), { recursive: true, force: true });
  const hit = await nx('run app:docker-runner');
  expect(hit.output).toContain('[remote cache]');
  expect(hit.status, hit.output).toBe(0);
  writeFiles(folder, { 'app/npm/README.md': 'another\n' });
  const refused = await nx('run app:docker-runner');
  expect(refused.status).not.toBe(0);
  expect(refused.output).toContain(
    'stage deps requires the secret npm, and the variable ACME_NPMRC is not set',
  );
  expect(refused.output).toContain('option "secrets" of the target docker-plan');
  // Nor was the stage below it built, which needs none.
  expect(refused.output).not.toMatch(/^tools \S+ sha256/m);
}, 300_000);

test(
  'a private repository is cloned over SSH with the key of an agent, and the key is nowhere',
  async () => {
    const socket = join(scratch, 'agent');
    const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const build = (more: Record<string, string>) => nx('run cloned:docker-build', more);
      const refused = await build({ SSH_AUTH_SOCK: '' });
      expect(refused.output).toContain('stage deps requires the SSH agent default');
      // It says where it is once it is there.
      await once(agent.stdout, 'data');
      const withAgent = { SSH_AUTH_SOCK: socket };
      // With an agent that has no key, the server lets nobody in.
      const stranger = await build(withAgent);
      expect(stranger.status, stranger.output).not.toBe(0);
      expect(stranger.output).toContain('Permission denied (publickey)');
      execFileSync('ssh-add', ['-q', git.key], { env: { ...process.env, ...withAgent } });
      const { status, output } = await build(withAgent);
      expect(status, output).toBe(0);
      const said = await engine.run({ image: `${CLONED}:dev` });
      expect(said.stdout).toBe('acme canary repository\n');
    } finally {
      agent.kill();
    }
    const saved = join(scratch, 'cloned');
    mkdirSync(saved);
    await engine.command(['image', 'save', '--output', join(saved, 'image.tar'), `${CLONED}:dev`]);
    writeFileSync(join(scratch, 'terminal'), terminal);
    const places = [join(folder, 'dist/cloned'), join(folder, '.nx'), store, saved];
    for (const place of [places[0]!, store, saved])
      expect(filesWith(place, ['acme canary repository']), place).not.toEqual([]);
    const lines = readFileSync(git.key, 'utf8').split('\n').slice(1, -2);
    const bytes = Buffer.from(lines.join(''), 'base64');
    const half = Buffer.from(readFileSync(`${git.key}.pub`, 'utf8').split(' ')[1]!, 'base64');
    // Its private half stands before the last place of its public one.
    const end = bytes.lastIndexOf(half.subarray(-32));
    const writings = [...lines.slice(2), bytes.subarray(end - 32, end).toString('hex')];
    const log = join(cacheFolder(), 'engine/dockerd.log');
    const all = [...places, join(scratch, 'terminal'), ...(existsSync(log) ? [log] : [])];
    for (const place of all) expect(filesWith(place, writings), place).toEqual([]);
  },
  SEARCH_MS,
);
