import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Digest, layoutSource, parseDigest, pushImage } from '@excel2doc/oci';
import { flipBit } from '@excel2doc/oci/testing/folder';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { madeImage, repositoryAt } from '@excel2doc/oci/testing/repository';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Bases } from './bases';
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
  vi.stubEnv('EXCEL2DOC_REGISTRY_MIRROR', host);
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
  vi.stubEnv('EXCEL2DOC_REGISTRY_MIRROR', 'localhost:1');
  await mend();
  expect(lines).toEqual([]);
});
