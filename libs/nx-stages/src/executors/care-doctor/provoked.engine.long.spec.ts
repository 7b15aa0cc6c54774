// Takes 19 s.
import { mkdir, mkdtemp, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import composeUp from '../compose-up/executor';
import plan from '../docker-plan/executor';
import { executorContext } from '../../testing/context';
import { type TestWorkspace, testWorkspace } from '@excel2doc/services/testing/workspace';
import { findings, gatherFacts } from '@excel2doc/services';

// What can be wrong on a machine is made wrong, and looked at as the doctor looks at it.
let workspace: TestWorkspace;
let taken: Server;
let slow: Server;

const portOf = (server: Server) => (server.address() as AddressInfo).port;
const listening = (server: Server) =>
  new Promise<Server>((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));

/** The findings, by id. */
async function found(
  env: NodeJS.ProcessEnv = {},
  files = ['docker/compose.yaml'],
): Promise<Record<string, string>> {
  const subject = {
    workspaceRoot: workspace.root,
    projectRoot: 'app',
    files,
    service: 'app',
    project: workspace.project,
    dockerfile: 'app/Dockerfile',
    context: 'app',
  };
  const facts = await gatherFacts(subject, { ...process.env, ...env });
  return Object.fromEntries(findings(facts).map(({ id, seen }) => [id, seen]));
}

const python = (code: string) => JSON.stringify(['python', '-c', code]);

beforeAll(async () => {
  taken = await listening(createServer());
  slow = await listening(createServer((_, answer) => setTimeout(() => answer.end('ok'), 3_200)));
  workspace = await testWorkspace(
    (project) => `services:
  app:
    image: ${project}/app:dev
    platform: linux/s390x
    ports: ['127.0.0.1:${portOf(taken)}:9999']
  ended: { image: '${project}/app:dev', command: ${python('raise SystemExit(3)')} }
  greedy: { image: '${project}/app:dev', mem_limit: 24m, command: ${python('x = bytearray(10 ** 9)')} }
  sick:
    image: ${project}/app:dev
    command: ${python('import time; time.sleep(600)')}
    stop_grace_period: 0s
    healthcheck: { test: [CMD, 'false'], interval: 1s, retries: 1 }
`,
  );
  const { root } = workspace;
  await workspace.image('app', 'dev', 'CMD ["true"]\n');
  await mkdir(join(root, 'app'));
  const dockerfile = [
    'FROM python:3.12-slim',
    'COPY . .',
    'RUN pip install -r requirements.txt',
    'EXPOSE 8000',
  ];
  await writeFile(join(root, 'app/Dockerfile'), dockerfile.join('\n'));
  await writeFile(join(root, 'app/large'), '');
  await truncate(join(root, 'app/large'), 500 * 2 ** 20);
  const { compose } = await workspace.open();
  await compose.up({ services: ['ended', 'greedy', 'sick'] });
});

afterAll(async () => {
  taken.close();
  slow.close();
  await workspace.remove();
});

test('containers that do not run are found, with the reason', async () => {
  await vi.waitFor(
    async () => {
      const seen = await found();
      expect(seen['container-failed']).toMatch(/exit status/);
      expect(seen['container-unhealthy']).toBeDefined();
      expect(seen['container-out-of-memory']).toMatch(/^OOMKilled/);
    },
    { timeout: 60_000, interval: 1_000 },
  );
});

test('a port that another program holds, a foreign platform, and a port that nobody exposes', async () => {
  const seen = await found();
  expect(seen).toHaveProperty('port-taken');
  expect(seen).toHaveProperty('emulation');
  expect(seen).toHaveProperty('compose-dockerfile-mismatch');
});

test('a Dockerfile that makes every build slow', async () => {
  const seen = await found();
  expect(seen).toHaveProperty('no-cache-mount');
  expect(seen).toHaveProperty('sources-before-dependencies');
  expect(seen['context-large']).toMatch(/^500\.0 MiB/);
});

test('a stage that can never come from the cache', async () => {
  const options = { dockerfile: 'app/Dockerfile', context: 'app', lockFile: 'nothing.json' };
  const context = executorContext(workspace.root);
  vi.stubEnv('NX_STAGES_REGISTRY_MIRROR', 'localhost:1');
  expect(await plan(options, context)).toEqual({ success: true });
  vi.unstubAllEnvs();
  expect((await found())['cache-never-hits']).toMatch(/python:3\.12-slim is not locked/);
});

test('an index that is slow, and one that does not answer', async () => {
  const at = (port: number) => ({ PIP_INDEX_URL: `http://127.0.0.1:${port}/simple` });
  expect(await found(at(portOf(slow)))).toHaveProperty('index-slow');
  const gone = await listening(createServer());
  const port = portOf(gone);
  await new Promise((resolve) => gone.close(resolve));
  expect((await found(at(port)))['index-unreachable']).toContain('ECONNREFUSED');
});

test('a variable that nobody sets', async () => {
  const file = 'docker/demanding.yaml';
  const text = 'services: { app: { image: "x:${NOBODY_SETS_THIS:?say which}" } }\n';
  await writeFile(join(workspace.root, file), text);
  expect((await found({}, [file]))['env-variable-missing']).toMatch(
    /demanding\.yaml demands it: say which/,
  );
});

test('no engine, and with it none of the private engine’s bases: a proxy’s CA would be missing', async () => {
  const nothing = await mkdtemp(join(tmpdir(), 'nx-stages-nothing-'));
  const env = {
    PATH: nothing,
    XDG_CACHE_HOME: nothing,
    DOCKER_HOST: undefined,
    HTTPS_PROXY: 'http://127.0.0.1:9',
  };
  const seen = await found(env);
  expect(seen).toHaveProperty('engine-missing');
  expect(seen['proxy-ca-missing']).toContain('HTTPS_PROXY is set');
});

test('a start that fails prints the finding below its own line', async () => {
  const said = vi.spyOn(console, 'error').mockReturnValue();
  const options = { ...workspace.options, service: 'app', waitSeconds: 5, tryOut: true };
  expect(await composeUp(options, executorContext(workspace.root))).toEqual({ success: false });
  const text = said.mock.calls.join('\n');
  said.mockRestore();
  expect(text).toMatch(new RegExp(`^✗ Port ${portOf(taken)}, which app needs`));
  expect(text).toMatch(/^ {2}doctor: port-taken/m);
});
