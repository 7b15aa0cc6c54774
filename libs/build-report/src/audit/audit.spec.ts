import { execFileSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { BlobSource, Digest, ImageConfig, LayerRecord, StageOutput } from '@excel2doc/oci';
import { describe, expect, test } from 'vitest';
import { auditImage } from './audit';
import { auditConfig, auditPath, distributionOf, requiredNames } from './rules';

const config = (change: ImageConfig['config'] = {}, history: string[] = []): ImageConfig => ({
  architecture: 'amd64',
  os: 'linux',
  config: { User: 'app', ...change },
  rootfs: { type: 'layers', diff_ids: [] },
  history: history.map((created_by) => ({ created_by })),
});

describe('the config', () => {
  test.each<[what: string, config: ImageConfig, rule: string]>([
    ['no user', config({ User: '' }), 'non-root'],
    ['root by number', config({ User: '0:0' }), 'non-root'],
    ['a secret in the environment', config({ Env: ['API_KEY=abc'] }), 'no-secret'],
    ['a password in a URL', config({ Env: ['DB=postgresql://me:hunter22@db/x'] }), 'no-secret'],
    ['a build argument in the history', config({}, ['RUN |1 TOKEN=abcdef12 sh -c x']), 'no-secret'],
  ])('with %s is found', (_what, image, rule) => {
    expect(auditConfig(image).map((each) => each.rule)).toContain(rule);
  });

  test('that is as it should be is not', () => {
    const env = ['PATH=/usr/bin', 'SECRET_FILE=/run/secrets/x', 'API_TOKEN='];
    expect(auditConfig(config({ Env: env }, ['RUN echo $TOKEN', 'COPY app app']))).toEqual([]);
  });
});

test.each([
  ['usr/bin/gcc-12', 'no-compiler'],
  ['usr/bin/x86_64-linux-gnu-g++', 'no-compiler'],
  ['usr/local/bin/cargo', 'no-compiler'],
  ['usr/lib/gcc/x86_64-linux-gnu/12/cc1', 'no-compiler'],
  ['var/lib/apt/lists/mirror.example_dists_bookworm_InRelease', 'no-package-cache'],
  ['var/cache/apt/archives/tini_0.19_amd64.deb', 'no-package-cache'],
  ['root/.cache/pip/http/1/2', 'no-package-cache'],
  ['usr/bin/python3', undefined],
  ['usr/bin/makeconv', undefined],
  ['opt/venv/lib/python3.12/site-packages/cmake/data', undefined],
  ['var/lib/apt/lists/lock', undefined],
])('/%s: %s', (path, rule) => {
  expect(auditPath(path, 'file')[0]?.rule).toBe(rule);
});

test('a distribution is named as the index compares names', () => {
  const path = '/opt/venv/lib/python3.12/site-packages/Foo_Bar-1.2.dist-info/METADATA';
  expect(distributionOf(path)).toEqual({ name: 'foo-bar', version: '1.2' });
  expect(requiredNames('Foo.Bar==1.2 \\\n    --hash=sha256:0\n# via x\n')).toEqual(['foo-bar']);
});

/** An image of these layers; a path that ends in / is a folder. */
async function image(layers: { from: LayerRecord['from']; files: Record<string, string> }[]) {
  const root = await mkdtemp(join(tmpdir(), 'audit-'));
  const records: LayerRecord[] = [];
  for (const [index, { from, files }] of layers.entries()) {
    const folder = join(root, String(index));
    await mkdir(folder);
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    execFileSync('tar', ['--create', '--file', `${folder}.tar`, '--directory', folder, '.']);
    const digest = `sha256:${String(index).padStart(64, '0')}` as Digest;
    const mediaType = 'application/vnd.oci.image.layer.v1.tar';
    records.push({ digest, diffId: digest, sizeBytes: 1000, mediaType, from });
  }
  const source = {
    name: root,
    open: (digest: Digest) =>
      Promise.resolve(createReadStream(join(root, `${Number(digest.slice(7))}.tar`))),
  } as unknown as BlobSource;
  const output = { record: { layers: records }, config: config() } as unknown as StageOutput;
  return { source, output };
}

const limits = { budgetBytes: 10_000, accepted: new Set(['fastapi']) };
const dist = (name: string) => `opt/venv/lib/python3.12/site-packages/${name}-1.dist-info/METADATA`;

test('a good image breaks nothing; what the base image holds is not ours, but for its tools', async () => {
  const { output, source } = await image([
    {
      from: 'base',
      files: { 'usr/lib/test/key.pem': '-----BEGIN PRIVATE KEY-----', 'etc/os': 'x' },
    },
    {
      from: 'self',
      files: { 'srv/app.py': 'print()', [dist('fastapi')]: 'as in pg://me:hunter22@db/x' },
    },
  ]);
  expect((await auditImage(output, source, limits)).findings).toEqual([]);
});

test('a secret that a later layer deletes is found, a cache that one deletes is not', async () => {
  const { output, source } = await image([
    { from: 'base', files: { 'usr/bin/gcc': '' } },
    {
      from: 'stage:deps',
      files: {
        'root/.netrc': 'x',
        'root/.cache/pip/a': '',
        'etc/k': '-----BEGIN RSA PRIVATE KEY-----',
      },
    },
    {
      from: 'self',
      files: { 'root/.wh..netrc': '', 'root/.cache/.wh..wh..opq': '', 'etc/.wh.k': '' },
    },
  ]);
  const { findings: found } = await auditImage(output, source, limits);
  expect(found.map(({ rule, found: what }) => `${rule} ${what}`).sort()).toEqual([
    'no-compiler /usr/bin/gcc',
    'no-secret /etc/k holds a private key',
    'no-secret /root/.netrc looks like a secret',
  ]);
});

test('weight above the base and packages that nobody accepted are found', async () => {
  const { output, source } = await image([
    { from: 'base', files: { a: '' } },
    { from: 'self', files: { [dist('leftpad')]: '' } },
  ]);
  const { findings: found } = await auditImage(output, source, { ...limits, budgetBytes: 999 });
  expect(found.map(({ rule }) => rule).sort()).toEqual(['packages-accepted', 'size-budget']);
  const other = await auditImage(output, source, { budgetBytes: 1000, accepted: undefined });
  expect(other.findings).toEqual([]);
});
