import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { sourceChain } from '../blob/chain';
import { layoutSource, readBaseImage } from '../layout/read';
import { type Engine, privateEngine } from '../testing/engine';
import { temporaryFolder } from '../testing/folder';
import { writeFullLayout } from '../testing/images';
import { directory, file } from '../testing/trees';
import { thinImage } from '../thin/thin-image';
import { loadTar } from './load-tar';

const platform = 'linux/amd64';
let engine: Engine;

beforeAll(async () => {
  engine = await privateEngine();
});

async function made(folder: string) {
  // Random content: another run's layers must not be there already.
  const baseLayer = [directory('d'), file('d/base', randomBytes(64).toString('hex'))];
  const base = join(folder, 'base');
  await writeFullLayout(base, { layers: [baseLayer] });
  return async (version: string) => {
    const [full, output] = [join(folder, `full${version}`), join(folder, `out${version}`)];
    const own = file('own', `version ${version} ${randomBytes(8).toString('hex')}`);
    await writeFullLayout(full, { layers: [baseLayer, [own]], config: { Cmd: ['/own'] } });
    const known = await readBaseImage(base, platform, 'base:1');
    const record = await thinImage({ layoutDir: full, outputDir: output, base: known, platform });
    return { record, own, source: sourceChain([layoutSource(output), layoutSource(base)]) };
  };
}

/** As the containerd store says it, or the classic one. */
const LAYERS_MISSING = /content digest \S+: not found|layer does not exist|no such file/;

it('an engine that lacks the base refuses the thin tar, takes the full one, and then thin ones', async () => {
  const make = await made(await temporaryFolder());
  const name = `excel2doc-test-${randomBytes(6).toString('hex')}`;
  /** Tagged only once it is there: a refused load leaves a name without content behind. */
  const load = async (layers: 'own' | 'all', image: Awaited<ReturnType<typeof make>>) => {
    const { digest } = image.record;
    onTestFinished(
      async () => void (await engine.docker(['image', 'rm', '-f', digest]).catch(() => '')),
    );
    await engine.docker(['load'], loadTar({ ...image, layers, tags: [] }));
    await engine.docker(['tag', digest, `${name}:dev`]);
  };
  const loaded = async () =>
    (
      await engine.docker(['image', 'ls', '--no-trunc', '--format', '{{.ID}}', `${name}:dev`])
    ).trim();

  const first = await make('1');
  await expect(load('own', first)).rejects.toThrow(LAYERS_MISSING);
  expect(await loaded()).toBe('');
  await load('all', first);
  expect(await loaded()).toBe(first.record.digest);

  const second = await make('2');
  await load('own', second);
  expect(await loaded()).toBe(second.record.digest);
  await engine.docker(['create', '--name', name, `${name}:dev`]);
  onTestFinished(async () => void (await engine.docker(['rm', '-f', name])));
  expect(await engine.docker(['cp', `${name}:/own`, '-'])).toContain(second.own.content.toString());
}, 60_000);

it('a tar with a tag gives the image that name', async () => {
  const image = await (await made(await temporaryFolder()))('1');
  const tag = `excel2doc-test/tagged-${randomBytes(6).toString('hex')}:dev`;
  onTestFinished(async () => void (await engine.docker(['image', 'rm', '-f', tag])));
  await engine.docker(['load'], loadTar({ ...image, layers: 'all', tags: [tag] }));
  const id = await engine.docker(['image', 'inspect', '--format', '{{.Id}}', tag]);
  expect(id.trim()).toBe(image.record.digest);
}, 60_000);
