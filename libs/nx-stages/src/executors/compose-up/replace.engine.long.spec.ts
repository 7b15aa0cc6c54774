// Takes 35 s.
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import composeUp from './executor';
import { executorContext } from '../../testing/context';
import { type TestWorkspace, testWorkspace } from '@excel2doc/services/testing/workspace';
import { projectContainers, rollBack, runningContainers } from '@excel2doc/services';

let workspace: TestWorkspace;

const HEALTH =
  'HEALTHCHECK --interval=1s --timeout=2s --retries=2 CMD python -c "import urllib.request as r; r.urlopen(\'http://127.0.0.1:8000/\')"\n';
const serving = (text: string) =>
  `RUN mkdir /www && echo ${text} > /www/index.html\n${HEALTH}CMD ["python", "-m", "http.server", "8000", "--directory", "/www"]\n`;
const broken = `RUN echo broken\n${HEALTH}CMD ["python", "-c", "print('no such setting', flush=True); import time; time.sleep(600)"]\n`;
const ending = `RUN echo ending\n${HEALTH}CMD ["python", "-c", "raise SystemExit(3)"]\n`;

const up = (options = {}) =>
  composeUp(
    { ...workspace.options, service: 'app', waitSeconds: 30, tryOut: true, ...options },
    executorContext(workspace.root),
  );
const port = async () => {
  const containers = await projectContainers(workspace.engine, workspace.project);
  return containers.find(({ oneOff }) => !oneOff)?.ports[0]?.published;
};
const page = async () => (await fetch(`http://127.0.0.1:${await port()}/`)).text();

/** The lines that `action` writes to stderr. */
async function errors(action: () => Promise<unknown>): Promise<string> {
  const { error } = console;
  const lines: string[] = [];
  console.error = (text: unknown) => lines.push(String(text));
  try {
    await action();
  } finally {
    console.error = error;
  }
  return lines.join('\n');
}

beforeAll(async () => {
  workspace = await testWorkspace(
    (project) => `services:
  app:
    image: ${project}/app:dev
    ports: ['127.0.0.1::8000']
    stop_grace_period: 1s
`,
  );
  await workspace.image('app', 'dev', serving('first'));
  expect(await up()).toEqual({ success: true });
});

afterAll(() => workspace.remove());

test('with nothing to do it says so in a line, and starts nothing', async () => {
  const before = await projectContainers(workspace.engine, workspace.project);
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  onTestFinished(() => write.mockRestore());
  expect(await up()).toEqual({ success: true });
  expect(write.mock.calls.map(([text]) => text)).toEqual(['as it was, and healthy: app\n']);
  const after = await projectContainers(workspace.engine, workspace.project);
  expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
});

test('an image that is not healthy never stops the one that serves', async () => {
  const before = await projectContainers(workspace.engine, workspace.project);
  for (const [dockerfile, reason] of [
    [
      broken,
      /did not get healthy: app: its health check fails \(.*refused.*\); of what ran before, app \(\w+\) still serves/,
    ],
    [ending, /did not get healthy: app: it ended with exit status 3; of what ran before/],
  ] as const) {
    await workspace.image('app', 'dev', dockerfile);
    const address = `http://127.0.0.1:${await port()}/`;
    let served = 0;
    let lost = 0;
    const load = setInterval(() => {
      fetch(address).then(
        () => (served += 1),
        () => (lost += 1),
      );
    }, 100);
    const said = await errors(async () => expect(await up()).toEqual({ success: false }));
    clearInterval(load);
    expect(said).toMatch(reason);
    expect(said).toContain(before[0]?.imageId.slice(7, 19));
    expect(served).toBeGreaterThan(0);
    expect(lost).toBe(0);
  }
  expect(await projectContainers(workspace.engine, workspace.project)).toMatchObject([
    { id: before[0]?.id },
  ]);
  expect(await page()).toContain('first');
});

test('one that fails in its place is rolled back to the image that ran before', async () => {
  const opened = await workspace.open();
  const [before] = await runningContainers(opened, 'app');
  await workspace.image('app', 'dev', broken);
  const said = await errors(async () =>
    expect(await up({ tryOut: false })).toEqual({ success: false }),
  );
  expect(said).toContain(
    `what ran before, app (${before?.imageId.slice(7, 19)}), was brought back and is healthy`,
  );
  const after = await runningContainers(opened, 'app');
  expect(after[0]).toMatchObject({ imageId: before?.imageId, health: 'healthy' });
  expect(await page()).toContain('first');
});

test('when the old one fails too, both are named', async () => {
  const opened = await workspace.open();
  const [before] = await runningContainers(opened, 'app');
  const gone = { ...before!, imageId: `sha256:${'0'.repeat(64)}` };
  const replacement = { ...opened, workspaceRoot: workspace.root, service: 'app', waitSeconds: 5 };
  await expect(rollBack(replacement, [gone], new Error('unhealthy'))).rejects.toMatchObject({
    code: 'NOT_HEALTHY',
  });
});

test('a good image takes the place of the old one, and no candidate stays', async () => {
  await workspace.image('app', 'dev', serving('second'));
  expect(await up()).toEqual({ success: true });
  expect(await page()).toContain('second');
  expect(await projectContainers(workspace.engine, workspace.project)).toHaveLength(1);
});
