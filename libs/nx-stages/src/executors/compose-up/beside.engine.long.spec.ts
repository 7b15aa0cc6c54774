// Takes 60 s.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectContainers } from '@excel2doc/services';
import { type TestWorkspace, testWorkspace } from '@excel2doc/services/testing/workspace';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { executorContext } from '../../testing/context';
import composeUp from './executor';

let workspace: TestWorkspace;

const HEALTH =
  'HEALTHCHECK --interval=1s --timeout=5s --retries=3 --start-period=10s --start-interval=500ms CMD test -e /tmp/well\n';
const image = (version: string, starts = 'touch /tmp/well; exec sleep 600') =>
  workspace.image(
    'app',
    'dev',
    `RUN echo ${version} > /version\n${HEALTH}CMD ["sh", "-c", "${starts}"]\n`,
  );

/** `up`, what it said, and the fewest healthy containers of `web` that were there at any time. */
async function up(options = {}) {
  const lines: string[] = [];
  const keep = (text: unknown) => void lines.push(String(text));
  const spies = [
    vi.spyOn(console, 'error').mockImplementation(keep),
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean(keep(text)) || true),
  ];
  const ending = new AbortController();
  let fewest = Infinity;
  const watching = (async () => {
    while (!ending.signal.aborted) {
      const healthy = (await web()).filter(({ health }) => health === 'healthy');
      fewest = Math.min(fewest, healthy.length);
      await sleep(50);
    }
  })();
  const { success } = await composeUp(
    { ...workspace.options, service: 'web', waitSeconds: 20, tryOut: true, ...options },
    executorContext(workspace.root),
  );
  ending.abort();
  await watching;
  for (const spy of spies) spy.mockRestore();
  return { success, said: lines.join(''), fewest };
}

const web = async () =>
  (await projectContainers(workspace.engine, workspace.project)).filter(
    ({ service, oneOff }) => service === 'web' && !oneOff,
  );

const composeFile = (more: string) => (project: string) => `services:
  web:
    image: ${project}/app:dev
    stop_grace_period: 0s
    deploy: { update_config: { order: start-first } }
    depends_on: [cache]
${more}
  worker:
    image: ${project}/app:dev
    command: [sh, -c, 'touch /tmp/well; exec sleep 600']
    stop_grace_period: 0s
  front:
    image: redis:7-bookworm
    stop_grace_period: 0s
    depends_on: [web]
  cache:
    image: redis:7-bookworm
    stop_grace_period: 0s
`;

beforeAll(async () => {
  workspace = await testWorkspace(composeFile(''));
  await image('first');
  expect(await up()).toMatchObject({ success: true });
});

afterAll(() => workspace.remove());

test('the new container is healthy before the old one goes, and what stands in front stays', async () => {
  const front = async () =>
    (await projectContainers(workspace.engine, workspace.project)).find(
      ({ service }) => service === 'front',
    )?.id;
  const [before] = await web();
  const standing = await front();
  await image('second');
  const { success, said, fewest } = await up();
  expect(success).toBe(true);
  expect(said).toContain(
    `web (${before?.imageId.slice(7, 19)}) was stopped after its new container was healthy beside it`,
  );
  expect(fewest).toBe(1);
  const after = await web();
  expect(after).toMatchObject([{ health: 'healthy' }]);
  expect(after[0]?.imageId).not.toBe(before?.imageId);
  expect(await front()).toBe(standing);
});

test('the same again has nothing to do', async () => {
  const before = await web();
  expect((await up()).said).toMatch(/^as it was, and healthy: .*web, worker\n/);
  expect((await web()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
});

test('one that fails beside is taken away, and nothing else is touched', async () => {
  const all = () => projectContainers(workspace.engine, workspace.project);
  const before = await all();
  await image('third', 'exit 3');
  const { success, said, fewest } = await up({ tryOut: false });
  expect(success).toBe(false);
  expect(fewest).toBe(1);
  expect(said).toMatch(
    /Beside what runs, the new image did not get healthy: web: it ended.*web \(\w{12}\) still serves, worker \(\w{12}\) still serves/,
  );
  expect((await all()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
});

test('one that cannot start at all is taken away, in words', async () => {
  const before = await web();
  await workspace.image('app', 'dev', `${HEALTH}CMD ["/no/such/program"]\n`);
  const { success, said, fewest } = await up({ tryOut: false });
  expect(success).toBe(false);
  expect(fewest).toBe(1);
  expect(said).toMatch(
    /The new containers could not be tried beside what runs \(.+\); of what ran before, web \(\w{12}\) still serves/,
  );
  expect((await web()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
});

test.each([
  ["    ports: ['127.0.0.1:45871:80']", 'it publishes port 45871 of this machine'],
  ['    container_name: PROJECT-web', 'its container is named PROJECT-web'],
  ['    network_mode: host', 'its network is host'],
])('%s: it is said why the old one goes first', async (more, why) => {
  const named = (text: string) => text.replace('PROJECT', workspace.project);
  const compose = composeFile(named(more))(workspace.project);
  await writeFile(join(workspace.root, 'docker/compose.yaml'), compose);
  await image(why);
  const { success, said } = await up();
  expect(said).toContain(
    `web is stopped before its new container starts, not start-first: ${named(why)}`,
  );
  expect(success).toBe(true);
});
