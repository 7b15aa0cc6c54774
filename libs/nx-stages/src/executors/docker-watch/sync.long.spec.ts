// Takes 160 s.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { projectContainers } from '@excel2doc/services';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { NxWorkspace } from '../../testing/nx-workspace';
import type { RunningNx } from '../../testing/running-nx';

/** Of it the base image is taken: a shell, as a layout on this machine. */
let staged: StagedWorkspace;
const name = `watch-sync-${randomBytes(4).toString('hex')}`;
const workspace = new NxWorkspace();
let watching: RunningNx;
const PUT = /of its files put into the container/;

beforeAll(async () => {
  staged = await StagedWorkspace.make();
  await workspace.start({
    'docker/images.local.json': await readFile(`${staged.root}/images.local.json`, 'utf8'),
    'apps/web/project.json': JSON.stringify({
      name,
      targets: { 'compose-up': { options: { tryOut: false } } },
    }),
    'apps/web/Dockerfile': `FROM busybox:test AS site
COPY --chown=7:8 site /site
CMD ["/bin/busybox", "httpd", "-f", "-p", "8000", "-h", "/site"]
`,
    'apps/web/.dockerignore': 'site/*.tmp\n',
    'apps/web/site/index.html': 'first',
    'apps/web/site/gone.html': 'gone',
    'apps/web/site/data/kept': 'of the image',
    'apps/web/compose.yaml': `name: ${name}
services:
  web:
    image: ${name}:dev
    ports: ['127.0.0.1::8000']
    volumes: ['data:/site/data']
    stop_grace_period: 0s
    healthcheck:
      test: [CMD, /bin/busybox, wget, -q, -O, /dev/null, 'http://127.0.0.1:8000/index.html']
      interval: 1s
volumes:
  data:
`,
  });
  watching = workspace.begin(['run', `${name}:docker-watch`, '--sync']);
  expect(await watching.line(/follows its files/, 500_000)).toMatch(/; web on it and healthy$/);
}, 600_000);

afterAll(async () => {
  await watching?.interrupt();
  const ids = (await projectContainers(staged.engine, name)).map(({ id }) => id);
  const { engine } = staged;
  await engine.command(['rm', '--force', ...ids], { allowFailure: true });
  await engine.command(['network', 'rm', `${name}_default`], { allowFailure: true });
  await engine.command(['volume', 'rm', `${name}_data`], { allowFailure: true });
  for (const { repository, tag } of await engine.listImages([`reference=${name}`]))
    await engine.removeImage(`${repository}:${tag}`);
  await staged.remove();
  workspace.remove();
});

const line = (pattern: RegExp) => watching.line(pattern, 110_000);

async function container() {
  const [found] = await projectContainers(staged.engine, name);
  return found!;
}

async function page(path = 'index.html'): Promise<string> {
  const port = (await container()).ports[0]?.published;
  const answer = await fetch(`http://127.0.0.1:${port}/${path}`);
  return answer.ok ? answer.text() : String(answer.status);
}

/** Every path below /site but the volume, as the container or the image has it. */
const LISTED = `cd /site; f='/bin/busybox find . -path ./data -prune -o'
{ $f -exec /bin/busybox stat -c '%N %F %a %u %g' {} +; $f -type f -exec /bin/busybox md5sum {} +; } | /bin/busybox sort`;

/** However many bursts of events a busy machine makes of what is saved together. */
const eventually = (check: () => Promise<unknown>) =>
  vi.waitFor(check, { timeout: 100_000, interval: 200 });
const serves = (text: string, path?: string) =>
  eventually(async () => expect(await page(path)).toBe(text));

/** The container that runs has what a container of the image has. @returns how many paths */
async function isAsImage(): Promise<number> {
  const { engine } = staged;
  const ask = { image: `${name}:dev`, entrypoint: '/bin/sh', command: ['-c', LISTED] };
  const { stdout: image } = await engine.run({ ...ask, isQuestion: true });
  const { service } = await container();
  const files = [join(workspace.root, 'apps/web/compose.yaml')];
  const running = engine.compose({ files, project: name });
  const { stdout } = await running.exec(service, ['/bin/sh', '-c', LISTED], { isQuestion: true });
  expect(stdout).toBe(image);
  return stdout.split('\n').length;
}

test('what is saved is served by the same container at once, and the image comes after', async () => {
  const { id } = await container();
  workspace.write({ 'apps/web/site/index.html': 'second' });
  expect(await line(PUT)).toMatch(
    /apps\/web\/site\/index.html: 1 of its files put into the container in [\d.]+ s$/,
  );
  await serves('second');
  expect(await line(/sha256/)).toMatch(/index.html: site made, .*bytes sent$/);
  await eventually(isAsImage);
  expect((await container()).id).toBe(id);
}, 400_000);

test('owners, modes, links and folders are the image’s, and what it leaves out is not there', async () => {
  workspace.write({
    'apps/web/site/left-out.tmp': 'x',
    'apps/web/site/deep/er/run.sh': '#!/bin/sh\n',
    'apps/web/site/index.html': 'third',
  });
  workspace.mode('apps/web/site/deep/er/run.sh', 0o755);
  symlinkSync('deep/er/run.sh', join(workspace.root, 'apps/web/site/link'));
  await serves('#!/bin/sh\n', 'link');
  workspace.write({ 'apps/web/site/index.html': 'fourth' });
  await serves('fourth');
  await eventually(async () => expect(await isAsImage()).toBeGreaterThan(10));
  expect(await page('left-out.tmp')).toBe('404');
}, 400_000);

test('5,000 saves in one go are one', async () => {
  const { id } = await container();
  const files = Array.from({ length: 5_000 }, (_, at) => [
    `apps/web/site/many/${at % 50}/${at}`,
    `${at}`,
  ]);
  workspace.write(Object.fromEntries(files));
  let [put, lines] = [0, 0];
  for (; put < 5_000; lines++) {
    const said = await line(/files: \d+ of its files put into/);
    put += Number(/(\d+) of its files/.exec(said)?.[1]);
  }
  // One, where the machine does not halt in the middle, and what was left of the test before.
  expect(lines).toBeLessThan(10);
  await serves('4999', 'many/49/4999');
  await eventually(isAsImage);
  expect((await container()).id).toBe(id);
}, 400_000);

test('what is gone, or lies in a volume, is left to a container of the image', async () => {
  const { id } = await container();
  workspace.delete('apps/web/site/gone.html');
  await line(/not put into the container: \/site\/gone.html is gone$/);
  await line(/; web on it and healthy$/);
  await serves('404', 'gone.html');
  const second = await container();
  expect(second.id).not.toBe(id);
  workspace.write({ 'apps/web/site/data/kept': 'edited' });
  await line(/not put .* has something mounted at \/site\/data$/);
  await line(/; web on it and healthy$/);
  await serves('of the image', 'data/kept');
}, 400_000);

test('a file that was put there and taken away again is gone, although the image is one of before', async () => {
  workspace.write({ 'apps/web/site/extra.html': 'extra' });
  await line(/extra.html: 1 of its files put/);
  await serves('extra', 'extra.html');
  workspace.delete('apps/web/site/extra.html');
  await line(/not put .*\/site\/extra.html is gone$/);
  await serves('404', 'extra.html');
  await eventually(isAsImage);
}, 400_000);

test('Ctrl-C leaves a container of the last good image', async () => {
  workspace.write({ 'apps/web/site/index.html': 'last' });
  await serves('last');
  await eventually(isAsImage);
  const { id } = await container();
  expect([0, 130]).toContain(await watching.interrupt());
  const after = await container();
  expect(after.id).not.toBe(id);
  expect(after.imageId).toBe((await staged.engine.inspectImage(`${name}:dev`))?.id);
}, 400_000);
