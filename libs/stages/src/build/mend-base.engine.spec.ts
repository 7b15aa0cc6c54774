import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { locateEngine } from '@excel2doc/engine';
import { type Digest, layoutSource, parseDigest, pushImage } from '@excel2doc/oci';
import { flipBit } from '@excel2doc/oci/testing/folder';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { madeImage, repositoryAt } from '@excel2doc/oci/testing/repository';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Bases } from '../bases/bases';
import { layoutDamage } from './damage';
import { mendBase } from './mend-base';

const platform = 'linux/amd64';
const reference = 'team/base:1';

/** A base image that was pulled from a real registry. */
async function pulledBase() {
  const cache = await mkdtemp(join(tmpdir(), 'nx-stages-bases-'));
  onTestFinished(() => rm(cache, { recursive: true }));
  const host = await realRegistry();
  vi.stubEnv('XDG_CACHE_HOME', cache);
  vi.stubEnv('NX_STAGES_REGISTRY_MIRROR', host);
  onTestFinished(() => void vi.unstubAllEnvs());
  const image = await madeImage(platform);
  await pushImage(repositoryAt(`${host}/team/base`), image);
  const bases = new Bases({ [reference]: { digest: image.record.digest } }, {});
  const folder = await bases.layout(reference, platform);
  const lines: string[] = [];
  const engine = () => Promise.reject(new Error('no engine is needed'));
  const mend = () => mendBase({ bases, reference, platform, engine, say: (it) => lines.push(it) });
  return { image, folder, lines, mend };
}

test.each<[string, (digests: { manifest: Digest; layer: Digest; config: Digest }) => Digest]>([
  ['layer', ({ layer }) => layer],
  ['config', ({ config }) => config],
  ['manifest', ({ manifest }) => manifest],
])('a %s with a flipped bit is fetched again from the registry', async (_what, pick) => {
  const { image, folder, lines, mend } = await pulledBase();
  const { digest, configDigest, layers } = image.record;
  const damaged = pick({ manifest: digest, config: configDigest, layer: layers[1]!.digest });
  await flipBit(layoutSource(folder).pathOf(parseDigest(damaged)));
  await mend();
  expect(lines).toEqual([expect.stringContaining(damaged.slice(0, 19))]);
  expect(lines[0]).toContain('fetched again from the registry');
  expect(await layoutDamage(folder, platform)).toBeUndefined();
});

test('one that is whole is left alone', async () => {
  const { lines, mend } = await pulledBase();
  vi.stubEnv('NX_STAGES_REGISTRY_MIRROR', 'localhost:1');
  await mend();
  expect(lines).toEqual([]);
});

test.each([
  ['stand-in:1', `the stand-in for ${reference} is damaged`, 'make it again'],
  [reference, `the engine's ${reference}, kept here, is damaged`, 'pull or build it again'],
])(
  'of one known to the engine as %s, which it has no more, says what to do',
  async (tag, what, hint) => {
    const engine = await locateEngine();
    const { image, folder } = await pulledBase();
    const { digest, configDigest } = image.record;
    await flipBit(layoutSource(folder).pathOf(parseDigest(configDigest)));
    const local = { digest, layoutDir: folder, tag };
    const bases = new Bases({}, { [reference]: { [platform]: local } });
    const rim = { engine: () => Promise.resolve(engine), say: () => undefined };
    const mending = mendBase({ bases, reference, platform, ...rim });
    await expect(mending).rejects.toMatchObject({
      message: expect.stringContaining(what),
      hint: expect.stringContaining(hint),
    });
  },
);
