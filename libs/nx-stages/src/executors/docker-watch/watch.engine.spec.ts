import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { NxWorkspace } from '../../testing/nx-workspace';
import type { RunningNx } from '../../testing/running-nx';

/** Nothing of it has to be run: an engine is what the image goes to. */
const name = `watch-${randomBytes(4).toString('hex')}`;
const workspace = new NxWorkspace();
let engine: Engine;
let watching: RunningNx;

const DOCKERFILE = `FROM scratch AS low
COPY low /low
FROM low AS top
COPY app /app
CMD ["/app/main"]
`;

beforeAll(async () => {
  engine = await locateEngine();
  await workspace.start({
    'apps/api/project.json': JSON.stringify({ name }),
    'apps/api/Dockerfile': DOCKERFILE,
    'apps/api/low': 'low',
    'apps/api/app/main': 'first',
    'apps/api/README.md': 'readme',
  });
  watching = workspace.begin(['run', `${name}:docker-watch`]);
  await watching.line(/follows its files/);
}, 120_000);

afterAll(async () => {
  await watching?.interrupt();
  for (const { repository, tag } of await engine.listImages([`reference=${name}`]))
    await engine.removeImage(`${repository}:${tag}`);
  workspace.remove();
});

const loaded = async () => (await engine.inspectImage(`${name}:dev`))?.id;
/** What lies in dist of the last stage. */
const manifest = async () => {
  const [platform = ''] = workspace
    .list('dist/apps/api/docker/top')
    .filter((each) => /^linux/.test(each));
  const text = workspace.read(`dist/apps/api/docker/top/${platform}/image.json`);
  const { digest, configDigest } = JSON.parse(text) as Record<'digest' | 'configDigest', string>;
  expect([digest, configDigest]).toContain(await loaded());
  return digest;
};
const digestIn = (line: string) => /sha256:[0-9a-f]{64}/.exec(line)?.[0];

test('what is saved is in the image, the same one that docker-build makes', async () => {
  workspace.write({ 'apps/api/app/main': 'second' });
  const line = await watching.line(/app\/main/);
  expect(line).toMatch(
    new RegExp(
      `^ *apps/api/app/main: top made, ${name}:dev sha256:[0-9a-f]{64} in [0-9.]+ s, [0-9]+ bytes sent$`,
    ),
  );
  const digest = await manifest();
  expect(digestIn(line)).toBe(digest);
  // Nx makes it anew, from nothing: the same.
  rmSync(join(workspace.root, 'dist/apps/api/docker/top'), { recursive: true });
  const { status, output } = await workspace.nx('run', `${name}:docker-build`, '--skip-nx-cache');
  expect(status, output).toBe(0);
  expect(await manifest()).toBe(digest);
});

test('what no stage reads makes nothing, and nothing is said of it', async () => {
  workspace.write({ 'apps/api/README.md': 'edited', 'apps/api/low': 'lower' });
  expect(await watching.line(/./)).toMatch(/^ *apps\/api\/low: low, top made, /);
});

test('a fault stays said until it is mended, and the image is the last good one', async () => {
  const before = await loaded();
  workspace.write({ 'apps/api/Dockerfile': `${DOCKERFILE}COPPY more /\n` });
  expect(await watching.line(/✗/)).toMatch(/✗ apps\/api\/Dockerfile:6.*COPPY/);
  workspace.write({ 'apps/api/app/main': 'third' });
  expect(await watching.line(/./)).toMatch(/✗ apps\/api\/Dockerfile:6.*COPPY/);
  expect(await loaded()).toBe(before);
  workspace.write({ 'apps/api/Dockerfile': DOCKERFILE, 'apps/api/app/main': 'second' });
  expect(await watching.line(/./)).toMatch(/mended: .* as before/);
  workspace.write({ 'apps/api/Dockerfile': DOCKERFILE.replace('/app/main', '/app/other') });
  expect(digestIn(await watching.line(/CMD/))).toBe(await manifest());
});

test('Ctrl-C ends it, and nothing of it goes on', async () => {
  const before = await loaded();
  expect([0, 130]).toContain(await watching.interrupt());
  expect(await loaded()).toBe(before);
});
