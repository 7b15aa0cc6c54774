// Takes 55 s.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { projectContainers, type Container } from '@excel2doc/services';
import { type TestWorkspace, testWorkspace } from '@excel2doc/services/testing/workspace';
import { executorContext } from '../../testing/context';
import composeUp from './executor';

let workspace: TestWorkspace;

/** One image, two services: `web` and `work` say what either of them does. */
const image = (version: string, { web = 'serve', work = 'serve' } = {}) =>
  workspace.image(
    'app',
    'dev',
    `RUN echo ${version} > /version
ENV WEB=${web} WORK=${work}
RUN printf '%s\\n' 'import os, sys, time' 'does = os.environ[sys.argv[1]]' \\
  'print(sys.argv[1], does, flush=True)' 'old = open("/flag/bad").read() if os.path.exists("/flag/bad") else ""' \\
  'if does == "die" or sys.argv[1] in old: time.sleep(0.3); sys.exit(3)' 'time.sleep(600)' > /run.py\n`,
  );
const up = (options = {}) =>
  composeUp(
    { ...workspace.options, service: 'web', waitSeconds: 20, tryOut: true, ...options },
    executorContext(workspace.root),
  );
const containers = async () =>
  (await projectContainers(workspace.engine, workspace.project)).filter(
    ({ service }) => service !== 'flag',
  );
const ids = async (key: 'id' | 'imageId') =>
  Object.fromEntries((await containers()).map((each: Container) => [each.service, each[key]]));

async function refused(options = {}): Promise<string> {
  const said = vi.spyOn(console, 'error').mockReturnValue();
  try {
    expect(await up(options)).toEqual({ success: false });
    return said.mock.calls.map(String).join('\n');
  } finally {
    said.mockRestore();
  }
}

beforeAll(async () => {
  workspace = await testWorkspace(
    (project) => `services:
  web: &app
    image: ${project}/app:dev
    command: [python, /run.py, WEB]
    volumes: ['flag:/flag']
    stop_grace_period: 0s
  worker:
    <<: *app
    command: [python, /run.py, WORK]
    restart: unless-stopped
volumes: { flag: }
`,
  );
  await image('first');
  expect(await up()).toEqual({ success: true });
});

afterAll(() => workspace.remove());

test('a worker that dies on the new image leaves all services of the image as they were', async () => {
  const before = await ids('id');
  expect(Object.keys(before)).toEqual(['web', 'worker']);
  await image('second', { work: 'die' });
  const said = await refused();
  expect(said).toMatch(/worker: it end/);
  expect(said).toMatch(/web \(\w{12}\) still serves, worker \(\w{12}\) still serves/);
  expect(await ids('id')).toEqual(before);
});

test('one that dies in its place is brought back together with the rest', async () => {
  const before = await ids('imageId');
  const said = await refused({ tryOut: false });
  expect(said).toMatch(
    /worker: it end.*web \(\w{12}\), worker \(\w{12}\), was brought back and is healthy/,
  );
  expect(await ids('imageId')).toEqual(before);
  expect((await containers()).map(({ state }) => state)).toEqual(['running', 'running']);
});

test('nothing is called healthy while the old worker does not come back either', async () => {
  const { compose } = await workspace.open();
  await compose.exec('web', ['sh', '-c', 'echo WORK > /flag/bad']);
  const said = await refused({ tryOut: false });
  expect(said).toMatch(/started again, but these are not healthy: worker: it ended/);
  expect(said).not.toMatch(/is healthy|brought back/);
  await compose.exec('web', ['rm', '/flag/bad']);
});

test('a worker that dies at once at the first start is no success', async () => {
  const { compose } = await workspace.open();
  await compose.down({ timeoutSeconds: 0 });
  const said = await refused();
  expect(said).toMatch(/✗ .*worker: it end/);
  await image('third');
  expect(await up()).toEqual({ success: true });
});
