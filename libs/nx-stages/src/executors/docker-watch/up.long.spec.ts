// Takes 60 s.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { projectContainers } from '@excel2doc/services';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../../testing/nx-workspace';
import type { RunningNx } from '../../testing/running-nx';

/** Of it the base image is taken: a shell, as a layout on this machine. */
let staged: StagedWorkspace;
const name = `watch-up-${randomBytes(4).toString('hex')}`;
const workspace = new NxWorkspace();
let watching: RunningNx | undefined;

const serve = '["/bin/busybox", "httpd", "-f", "-p", "8000", "-h", "/site"]';
const dockerfile = (command: string) =>
  `FROM busybox:test AS site\nCOPY site /site\nCMD ${command}\n`;

beforeAll(async () => {
  staged = await StagedWorkspace.make();
  await workspace.start({
    'docker/images.local.json': await readFile(`${staged.root}/images.local.json`, 'utf8'),
    'apps/web/project.json': JSON.stringify({ name }),
    'apps/web/Dockerfile': dockerfile(serve),
    'apps/web/site/index.html': 'first',
    'apps/web/compose.yaml': `name: ${name}
services:
  web:
    image: ${name}:dev
    ports: ['127.0.0.1::8000']
    stop_grace_period: 0s
    healthcheck:
      test: [CMD, /bin/busybox, wget, -q, -O, /dev/null, 'http://127.0.0.1:8000/index.html']
      interval: 1s
`,
  });
}, 120_000);

afterAll(async () => {
  await watching?.interrupt();
  const left = await projectContainers(staged.engine, name);
  const ids = left.map(({ id }) => id);
  await staged.engine.command(['rm', '--force', ...ids], { allowFailure: true });
  await staged.engine.command(['network', 'rm', `${name}_default`], { allowFailure: true });
  for (const { repository, tag } of await staged.engine.listImages([`reference=${name}`]))
    await staged.engine.removeImage(`${repository}:${tag}`);
  await staged.remove();
  workspace.remove();
});

async function page(): Promise<string> {
  const containers = await projectContainers(staged.engine, name);
  const port = containers.find(({ oneOff }) => !oneOff)?.ports[0]?.published;
  return (await fetch(`http://127.0.0.1:${port}/index.html`)).text();
}

test('the service runs what is saved, stays on the last good image, and goes on after Ctrl-C', async () => {
  watching = workspace.begin(['run', `${name}:docker-watch`, '--up']);
  expect(await watching.line(/follows its files/)).toMatch(/; web on it and healthy$/);
  expect(await page()).toBe('first');

  workspace.write({ 'apps/web/site/index.html': 'second' });
  expect(await watching.line(/sha256/)).toMatch(
    /index.html: site made, .*; web on it and healthy$/,
  );
  expect(await page()).toBe('second');

  workspace.write({ 'apps/web/Dockerfile': dockerfile('["/bin/busybox", "false"]') });
  expect(await watching.line(/✗/)).toMatch(/did not get healthy: web: .*web \(\w+\) still serves/);
  expect(await page()).toBe('second');

  workspace.write({
    'apps/web/Dockerfile': dockerfile(serve),
    'apps/web/site/index.html': 'third',
  });
  expect(await watching.line(/sha256/)).toMatch(/; web on it and healthy$/);
  expect(await page()).toBe('third');

  expect([0, 130]).toContain(await watching.interrupt());
  expect(await page()).toBe('third');
  expect(await projectContainers(staged.engine, name)).toHaveLength(1);
}, 240_000);

test('a project that no Compose file runs is told so before anything is built', async () => {
  workspace.write({
    'apps/job/project.json': JSON.stringify({ name: `${name}-job` }),
    'apps/job/Dockerfile': 'FROM scratch AS job\nCOPY absent /\n',
  });
  const { status, output } = await workspace.nx('run', `${name}-job:docker-watch`, '--up');
  expect(output).toMatch(/✗ No Compose file runs \S+-job:dev: .* Leave --up out/);
  expect(output).not.toContain('absent');
  expect(status).toBe(1);
  expect(output).toMatch(/^✗ \S+-job:docker-watch has ended: see above\.$/m);
}, 60_000);
