// Takes 25 s.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutorContext } from '@nx/devkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectContainers } from '@excel2doc/services';
import { executorContext } from '../../testing/context';
import { type TestWorkspace, testWorkspace } from '@excel2doc/services/testing/workspace';
import composeWatch from './executor';

let workspace: TestWorkspace;
let context: ExecutorContext;

const page = async () => {
  const containers = await projectContainers(workspace.engine, workspace.project);
  const port = containers.find(({ oneOff }) => !oneOff)?.ports[0]?.published;
  return fetch(`http://127.0.0.1:${port}/`).then(
    (response) => response.text(),
    () => '',
  );
};

/** Asks until the page has `text`. */
async function until(text: string): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await page()).includes(text)) {
    if (Date.now() > end) throw new Error(`the page never had ${text}`);
    await sleep(100);
  }
}

beforeAll(async () => {
  workspace = await testWorkspace(
    (project) => `services:
  app:
    image: ${project}/app:dev
    read_only: true
    ports: ['127.0.0.1::8000']
    stop_grace_period: 1s
`,
  );
  const { root } = workspace;
  context = executorContext(root);
  await mkdir(join(root, 'app', 'site'), { recursive: true });
  await writeFile(join(root, 'app', 'site', 'index.html'), 'first');
  await mkdir(join(root, 'dist', 'app', 'docker', 'plan'), { recursive: true });
  const platforms = [{ instructions: [{ keyword: 'COPY', text: 'COPY site site' }] }];
  const plan = { format: 1, stage: 'runner', platforms };
  await writeFile(join(root, 'dist/app/docker/plan/runner.json'), JSON.stringify(plan));
  await workspace.image(
    'app',
    'dev',
    'WORKDIR /srv\nRUN mkdir site && echo built > site/index.html\nCMD ["python", "-m", "http.server", "8000", "--directory", "site"]\n',
  );
  const { compose } = await workspace.open();
  await compose.up({ wait: true });
});

afterAll(() => workspace.remove());

test('a saved file is in the running container, and the read-only one is back afterwards', async () => {
  await until('built');
  const stop = new AbortController();
  const made: string[] = [];
  const make = async (target: string) => {
    made.push(target);
    await (await workspace.open()).compose.up({ wait: true });
  };
  const reload = ['python', '-m', 'http.server', '8000', '--directory', 'site'];
  const watching = composeWatch(
    { ...workspace.options, service: 'app', stage: 'runner', context: 'app', reload },
    context,
    { stop: stop.signal, make },
  );
  const writing = setInterval(() => {
    void writeFile(join(workspace.root, 'app/site/index.html'), `saved ${Date.now()}`);
  }, 1_000);
  await until('saved');
  clearInterval(writing);
  expect(made).toEqual(['compose-up']);
  await writeFile(join(workspace.root, 'app', 'requirements.txt'), 'flask');
  await expect.poll(() => made, { timeout: 60_000 }).toEqual(['compose-up', 'compose-up']);
  await until('built');
  await writeFile(join(workspace.root, 'app/site/index.html'), 'saved again');
  await until('saved again');
  stop.abort();
  expect(await watching).toEqual({ success: true });
  await until('built');
});
