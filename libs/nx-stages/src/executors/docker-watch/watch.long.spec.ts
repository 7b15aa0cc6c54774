// Takes 150 s.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EngineDoor } from '../../testing/engine-door';
import { NxWorkspace } from '../../testing/nx-workspace';
import type { RunningNx } from '../../testing/running-nx';

/** Of it the base image is taken: a shell, as a layout on this machine. */
let staged: StagedWorkspace;
const mark = randomBytes(4).toString('hex');
const [api, web, top] = [`api-${mark}`, `web-${mark}`, `top-${mark}`];
const workspace = new NxWorkspace();
let watching: RunningNx | undefined;

const apiFile = `FROM busybox:test AS deps
COPY wanted /wanted
RUN test "$(cat /wanted)" != broken && cp /wanted /installed
FROM deps AS runner
COPY app /app
`;
const files = {
  'apps/api/Dockerfile': apiFile,
  'apps/api/wanted': 'one',
  'apps/api/app/main': 'first',
};

beforeAll(async () => {
  staged = await StagedWorkspace.make();
  await workspace.start({
    'docker/images.local.json': await readFile(`${staged.root}/images.local.json`, 'utf8'),
    'apps/api/project.json': JSON.stringify({ name: api }),
    'apps/web/project.json': JSON.stringify({ name: web }),
    'apps/web/Dockerfile': 'FROM scratch AS site\nCOPY site /site\n',
    'apps/web/site/index.html': 'first',
    'apps/web/Dockerfile.worker': 'FROM scratch AS job\nCOPY job /job\n',
    'apps/web/job': 'first',
    'apps/top/project.json': JSON.stringify({ name: top }),
    'apps/top/Dockerfile': `FROM ${web}:dev AS out\nCOPY top /top\n`,
    'apps/top/top': 'first',
    ...files,
  });
}, 120_000);

afterEach(async () => {
  await watching?.interrupt();
  workspace.write(files);
});

afterAll(async () => {
  for (const name of [api, web, `${web}-worker`, top])
    for (const { repository, tag } of await staged.engine.listImages([`reference=${name}`]))
      await staged.engine.removeImage(`${repository}:${tag}`);
  await staged.remove();
  workspace.remove();
});

async function watch(project: string, env: NodeJS.ProcessEnv = {}): Promise<RunningNx> {
  watching = workspace.begin(['run', `${project}:docker-watch`], env);
  await watching.line(/follows its files/);
  return watching;
}

const digestIn = (line: string) => /sha256:[0-9a-f]{64}/.exec(line)?.[0];

/** What docker-build makes of the files as they are, from nothing. */
async function built(project: string, stage: string): Promise<string> {
  const home = `apps/${project.split('-')[0]}`;
  const { status, output } = await workspace.nx(
    'run',
    `${project}:docker-build`,
    '--skip-nx-cache',
  );
  expect(status, output).toBe(0);
  const folder = `dist/${home}/docker/${stage}`;
  const [platform = ''] = workspace.list(folder).filter((each) => each.startsWith('linux'));
  return (JSON.parse(workspace.read(`${folder}/${platform}/image.json`)) as { digest: string })
    .digest;
}

test('five thousand files at once, and another branch, make a few images, the last of all of them', async () => {
  await workspace.commit();
  const nx = await watch(web);
  const many = (text: string) =>
    Object.fromEntries(
      Array.from({ length: 5000 }, (_, at) => [`apps/web/site/${at % 40}/f${at}`, `${text} ${at}`]),
    );
  // One, unless whoever writes the files halts in the middle: on a busy machine that comes about.
  const images = async () => {
    const expected = await built(web, 'site');
    let count = 1;
    while (digestIn(await nx.line(/sha256/)) !== expected) count++;
    return count;
  };
  workspace.write(many('one'));
  expect(await images()).toBeLessThan(10);
  await workspace.git('checkout', '-q', '-b', `many-${mark}`);
  await workspace.commit();
  await workspace.git('checkout', '-q', 'main');
  expect(await images()).toBeLessThan(10);
  await workspace.git('checkout', '-q', `many-${mark}`);
  expect(await images()).toBeLessThan(10);
  // Nothing more came of it.
  expect(nx.rest.trim()).toBe('');
  await workspace.git('checkout', '-q', 'main');
}, 240_000);

test('files deleted, renamed and put in the place of a folder come out as docker-build has them', async () => {
  workspace.write({ 'apps/web/site/a/one': '1', 'apps/web/site/b/two': '2' });
  const nx = await watch(web);
  const digests = new Set<string>();
  for (const edit of [
    () => workspace.delete('apps/web/site/a/one'),
    () => workspace.move('apps/web/site/b/two', 'apps/web/site/b/three'),
    () => workspace.move('apps/web/site/b', 'apps/web/site/c'),
    () => workspace.write({ 'apps/web/site/b': 'a file' }),
    () => workspace.mode('apps/web/site/index.html', 0o755),
  ]) {
    edit();
    const digest = digestIn(await nx.line(/site made/)) ?? '';
    digests.add(digest);
  }
  expect(digests.size).toBe(5);
  expect([...digests].at(-1)).toBe(await built(web, 'site'));
}, 120_000);

test('a stage that runs something is made by Nx, and what fails in it is said until it is mended', async () => {
  const nx = await watch(api);
  workspace.write({ 'apps/api/wanted': 'two' });
  const two = await nx.line(/sha256/);
  expect(two).toMatch(/^ *apps\/api\/wanted: deps, runner made, /);
  workspace.write({ 'apps/api/wanted': 'broken' });
  expect(await nx.line(/✗/)).toMatch(/deps|RUN/);
  workspace.write({ 'apps/api/wanted': 'two' });
  expect(await nx.line(/sha256/)).toContain(`mended: ${api}:dev is ${digestIn(two)} as before`);
  // Another stage, and a target that Nx did not know when this began.
  const more = apiFile.replace(
    'FROM deps AS runner',
    'FROM deps AS tools\nRUN echo tools > /tools\nFROM tools AS runner',
  );
  workspace.write({ 'apps/api/Dockerfile': more });
  const line = await nx.line(/sha256/);
  expect(line).toMatch(/tools/);
  workspace.write({ 'apps/api/app/main': 'second' });
  expect(await nx.line(/sha256/)).toMatch(/^ *apps\/api\/app\/main: runner made, /);
}, 180_000);

test('several projects are watched together', async () => {
  watching = workspace.begin(['run-many', '-t', 'docker-watch', '-p', `${api},${web}`]);
  const lines = [
    await watching.line(/follows its files/),
    await watching.line(/follows its files/),
  ];
  expect(lines.join()).toContain(api);
  expect(lines.join()).toContain(web);
  workspace.write({ 'apps/web/site/index.html': 'together' });
  expect(await watching.line(/sha256/)).toContain(`site made, ${web}:dev`);
  workspace.write({ 'apps/api/app/main': 'together' });
  expect(await watching.line(/sha256/)).toContain(`runner made, ${api}:dev`);
}, 120_000);

test('an image on another one that is watched too follows it', async () => {
  watching = workspace.begin(['run-many', '-t', 'docker-watch', '-p', `${web},${top}`]);
  const loaded = async () => (await staged.engine.inspectImage(`${top}:dev`))?.id;
  // Which of the two has something to say first is not said.
  const wait = { timeout: 60_000, interval: 200 };
  await expect.poll(loaded, wait).toBeDefined();
  const before = await loaded();
  workspace.write({ 'apps/web/site/index.html': 'below' });
  await expect.poll(loaded, wait).not.toBe(before);
  await watching.interrupt();
  const followed = await loaded();
  await built(top, 'out');
  expect(await loaded()).toBe(followed);
}, 180_000);

test('an image of its own Dockerfile is watched by a target of its own', async () => {
  watching = workspace.begin(['run', `${web}:docker-watch-worker`]);
  await watching.line(/follows its files/);
  workspace.write({ 'apps/web/site/index.html': 'not of it' });
  workspace.write({ 'apps/web/job': 'second' });
  expect(await watching.line(/sha256/)).toMatch(/^ *apps\/web\/job: job made, /);
}, 120_000);

test('an engine that is gone is said, and when it is back the image is made without another save', async () => {
  const engine = new EngineDoor();
  try {
    const nx = await watch(web, await engine.open());
    engine.close();
    workspace.write({ 'apps/web/site/index.html': 'while it is gone' });
    expect(await nx.line(/✗/)).toMatch(/engine/i);
    await engine.open();
    const line = await nx.line(/sha256/);
    expect(line).toContain(`${web}:dev`);
    expect((await staged.engine.inspectImage(`${web}:dev`))?.id).toBe(
      (await staged.engine.inspectImage(digestIn(line) ?? ''))?.id,
    );
  } finally {
    engine.remove();
  }
}, 120_000);
