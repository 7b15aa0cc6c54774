// Takes 70 s.
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { projectContainers } from '@excel2doc/services';
import { type TestWorkspace, testWorkspace } from '@excel2doc/services/testing/workspace';
import composeUp from './executor';
import { executorContext } from '../../testing/context';

let workspace: TestWorkspace;

const serving = (text: string) =>
  `RUN echo ${text} > /text\nHEALTHCHECK --interval=1s CMD test -e /text\nCMD ["python", "-c", "import time; time.sleep(600)"]\n`;

beforeAll(async () => {
  workspace = await testWorkspace(
    (project) => `services:
  app:
    image: ${project}/app:dev
    stop_grace_period: 0s
    environment: { WORD: "\${WORD:-first}" }
  other: { image: '${project}/other:dev', stop_grace_period: 0s }
  aside: { image: '${project}/other:dev', stop_grace_period: 0s, profiles: [aside] }
`,
  );
  await workspace.image('app', 'dev', serving('first'));
  await workspace.image('other', 'dev', serving('other'));
  await up();
});

afterAll(() => workspace.remove());

/** What is printed, line by line. */
async function up(): Promise<string[]> {
  const { options, root } = workspace;
  let text = '';
  const write = (chunk: unknown) => Boolean((text += String(chunk)));
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(write),
  );
  const error = vi.spyOn(console, 'error').mockImplementation((line) => void write(`${line}\n`));
  try {
    const { success } = await composeUp(
      { ...options, service: 'app', waitSeconds: 60, tryOut: false },
      executorContext(root),
    );
    expect(success, text).toBe(true);
  } finally {
    [...spies, error].forEach((spy) => spy.mockRestore());
  }
  return text.split('\n').filter(Boolean);
}

const containers = async () =>
  (await projectContainers(workspace.engine, workspace.project)).map(
    ({ service, id, state }) => `${service} ${id} ${state}`,
  );
const AS_IT_WAS = ['as it was, and healthy: app, other'];

test.each<[string, (id: (service: string) => Promise<string>) => Promise<unknown>]>([
  ['a service was stopped', async (id) => workspace.engine.command(['stop', await id('other')])],
  [
    'a service was removed',
    async (id) => workspace.engine.command(['rm', '--force', await id('other')]),
  ],
  ['its image is another one', () => workspace.image('app', 'dev', serving('second'))],
  ['the image of another service is', () => workspace.image('other', 'dev', serving('third'))],
  [
    'a value of its configuration is another one',
    async () => {
      vi.stubEnv('WORD', 'second');
      onTestFinished(() => void vi.unstubAllEnvs());
    },
  ],
])('it is brought up again where %s', async (_, change) => {
  await up();
  const idOf = async (service: string) => {
    const all = await projectContainers(workspace.engine, workspace.project);
    return all.find((each) => each.service === service)!.id;
  };
  await change(idOf);
  expect(await up()).not.toEqual(AS_IT_WAS);
  for (const line of await containers()) expect(line).toMatch(/ running$/);
  expect(await up()).toEqual(AS_IT_WAS);
});

test('a service whose profile is off is not said to be as it was', async () => {
  const { engine, project } = await workspace.open();
  const aside = engine.compose({ ...project, profiles: ['aside'] });
  // What removes the workspace does not see it.
  onTestFinished(() => aside.down({ timeoutSeconds: 0 }));
  await aside.up({ services: ['aside'], wait: true });
  await up();
  expect(await containers()).toHaveLength(3);
  expect(await up()).toEqual(AS_IT_WAS);
});
