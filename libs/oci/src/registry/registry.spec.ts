import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readBlob } from '../blob/source';
import { sourceChain } from '../blob/chain';
import { BlobStore } from '../blob/store';
import { digestOf } from '../digest';
import { temporaryFolder } from '../testing/folder';
import { type Fault, faultyProxy } from '../testing/proxy';
import { realRegistry } from '../testing/registry';
import { blobOf, madeImage, repositoryAt } from '../testing/repository';
import { retryAfterMs } from './http';
import { pushBlob } from './push-blob';
import { attach, pushImage, pushIndex, referrers } from './push-image';

const MIB = 1 << 20;

describe('a push to a real registry', () => {
  it('comes back as it was, by tag and by digest, and sends a blob only once', async () => {
    const host = await realRegistry();
    const repository = repositoryAt(`${host}/team/app`);
    const image = await madeImage();
    const first = await pushImage(repository, { ...image, tag: 'dev' });
    expect(first.blobs).toEqual({ present: 0, mounted: 0, uploaded: 3 });
    expect(await repository.resolve('dev')).toBe(image.record.digest);
    expect((await repository.getManifest(image.record.digest))?.descriptor.digest).toBe(
      image.record.digest,
    );
    for (const { digest } of image.record.layers) {
      expect(digestOf(await readBlob(repository, digest))).toBe(digest);
    }
    const again = await pushImage(repository, { ...image, tag: 'dev' });
    expect(again).toMatchObject({ uploadedBytes: 0, blobs: { present: 3 } });
  });

  it('mounts what another repository of the registry has', async () => {
    const host = await realRegistry();
    const image = await madeImage();
    await pushImage(repositoryAt(`${host}/library/base`), image);
    const second = await pushImage(repositoryAt(`${host}/team/app`), {
      ...image,
      mountFrom: 'library/base',
    });
    expect(second.blobs).toEqual({ present: 0, mounted: 3, uploaded: 0 });
  });

  it('joins platforms under one tag', async () => {
    const host = await realRegistry();
    const repository = repositoryAt(`${host}/team/app`);
    const images = [];
    for (const platform of ['linux/amd64', 'linux/arm64']) {
      images.push((await pushImage(repository, await madeImage(platform))).descriptor);
    }
    const index = await pushIndex(repository, 'latest', images);
    const found = await repository.getManifest('latest');
    expect(found?.descriptor).toEqual(index);
    expect(
      JSON.parse(found!.bytes.toString()).manifests.map(
        (item: { platform: unknown }) => item.platform,
      ),
    ).toEqual([
      { os: 'linux', architecture: 'amd64' },
      { os: 'linux', architecture: 'arm64' },
    ]);
  });

  it('attaches a document that is then found, once, however often it is attached', async () => {
    const host = await realRegistry();
    const repository = repositoryAt(`${host}/team/app`);
    const { descriptor } = await pushImage(repository, await madeImage());
    const options = {
      subject: descriptor,
      artifactType: 'application/spdx+json',
      content: Buffer.from('{}'),
      created: '1970-01-01T00:00:00Z',
    };
    const attached = await attach(repository, options);
    await attach(repository, options);
    expect((await referrers(repository, descriptor.digest)).map((item) => item.digest)).toEqual([
      attached.digest,
    ]);
  });

  it('says null for a tag that is not there, and BLOB_MISSING for a blob', async () => {
    const repository = repositoryAt(`${await realRegistry()}/none`);
    expect(await repository.resolve('dev')).toBeNull();
    expect(await repository.getManifest('dev')).toBeNull();
    const digest = digestOf('nowhere');
    expect(await repository.has(digest)).toBe(false);
    await expect(repository.open(digest)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });

  it('finds the digest of a tag without fetching it, where the registry says it', async () => {
    const upstream = await realRegistry();
    const { record, ...image } = await madeImage();
    await pushImage(repositoryAt(`${upstream}/a`), { record, ...image, tag: 'dev' });
    const resolved = async (fault: Fault | null) => {
      const proxy = await faultyProxy(upstream, () => fault);
      expect(await repositoryAt(`${proxy.host}/a`).resolve('dev')).toBe(record.digest);
      return proxy.seen.map(({ method }) => method);
    };
    const name = 'docker-content-digest';
    expect(await resolved(null)).toEqual(['HEAD']);
    expect(await resolved({ kind: 'header', name })).toEqual(['HEAD', 'GET']);
  });

  it('logs in with what Docker has, and says so where it has nothing', async () => {
    const login = { username: 'me', password: 'secret: or not' };
    const host = await realRegistry(login);
    const image = await madeImage();
    const credentials = async () => ({ kind: 'basic' as const, ...login });
    await pushImage(repositoryAt(`${host}/a`, { credentials }), image);
    await expect(pushImage(repositoryAt(`${host}/a`), image)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      hint: expect.stringContaining(`docker login ${host}`),
    });
    const wrong = async () => ({ kind: 'basic' as const, username: 'me', password: 'no' });
    await expect(
      pushImage(repositoryAt(`${host}/a`, { credentials: wrong }), image),
    ).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
    });
  });
});

describe('a registry that fails', () => {
  const once = (fault: Fault, when: (method: string, url: string) => boolean) => {
    let left = 1;
    return (method: string, url: string) => (when(method, url) && left-- > 0 ? fault : null);
  };

  it.each([
    ['429 with Retry-After', { kind: 'answer', status: 429, headers: { 'retry-after': '0' } }],
    ['500', { kind: 'answer', status: 500 }],
    ['503', { kind: 'answer', status: 503 }],
    ['a dropped connection', { kind: 'drop' }],
  ] as [string, Fault][])(
    'once with %s is asked again, at every step of a push',
    async (_what, fault) => {
      const upstream = await realRegistry();
      const image = await madeImage();
      const steps: [string, RegExp][] = [
        ['HEAD', /blobs/],
        ['POST', /uploads/],
        ['PUT', /uploads/],
        ['PUT', /manifests/],
      ];
      for (const [at, [method, url]] of steps.entries()) {
        const proxy = await faultyProxy(
          upstream,
          once(fault, (m, u) => m === method && url.test(u)),
        );
        const repository = repositoryAt(`${proxy.host}/step${at}`);
        await pushImage(repository, { ...image, tag: 'dev' });
        expect(await repositoryAt(`${upstream}/step${at}`).resolve('dev')).toBe(
          image.record.digest,
        );
      }
    },
  );

  it('for good ends in an error that says what was answered', async () => {
    const proxy = await faultyProxy(await realRegistry(), () => ({ kind: 'answer', status: 500 }));
    const repository = repositoryAt(`${proxy.host}/a`, { attempts: 3 });
    await expect(repository.has(digestOf('x'))).rejects.toMatchObject({
      code: 'REGISTRY',
      status: 500,
    });
    expect(proxy.seen).toHaveLength(3);
  });

  it.each([1, 3])('to answer at all is asked %i times, and named', async (attempts) => {
    const proxy = await faultyProxy(await realRegistry(), () => ({ kind: 'drop' }));
    const repository = repositoryAt(`${proxy.host}/a`, { attempts });
    await expect(repository.has(digestOf('x'))).rejects.toMatchObject({
      code: 'REGISTRY',
      message: expect.stringContaining(`${proxy.host} does not answer HEAD`),
      cause: expect.anything(),
    });
    expect(proxy.seen).toHaveLength(attempts);
  });

  it('twice and then answers is asked with a longer wait each time', async () => {
    const upstream = await realRegistry();
    const times: number[] = [];
    const proxy = await faultyProxy(upstream, (_method, _url, count) => {
      times.push(performance.now());
      return count < 3 ? { kind: 'drop' } : null;
    });
    const repository = repositoryAt(`${proxy.host}/a`, { retryDelayMs: 100 });
    expect(await repository.has(digestOf('x'))).toBe(false);
    const [first = 0, second = 0, third = 0] = times;
    expect(times).toHaveLength(3);
    // A timer may fire a millisecond early.
    expect(second - first).toBeGreaterThanOrEqual(99);
    expect(third - second).toBeGreaterThanOrEqual(199);
  });

  it('waits as long as Retry-After says, as seconds or as a date', () => {
    expect(retryAfterMs('7')).toBe(7000);
    expect(retryAfterMs('Thu, 01 Jan 1970 00:00:10 GMT', 4000)).toBe(6000);
    expect(retryAfterMs('soon')).toBeNull();
    expect(retryAfterMs('999999')).toBe(60_000);
  });

  it('breaking a download off in the middle has it go on from there', async () => {
    const upstream = await realRegistry();
    const { bytes, ...blob } = await blobOf(3 * MIB);
    await pushBlob(repositoryAt(`${upstream}/a`), blob);
    let cuts = 3;
    const proxy = await faultyProxy(upstream, (method) =>
      method === 'GET' && cuts-- > 0 ? { kind: 'cutAnswer', afterBytes: 700_000 } : null,
    );
    const repository = repositoryAt(`${proxy.host}/a`);
    expect((await readBlob(repository, blob.digest)).equals(bytes)).toBe(true);
    expect(proxy.seen.filter(({ headers }) => headers.range)).toHaveLength(3);
  });

  it.each([
    // docker-registry forgets an upload whose piece came only in part.
    [
      'in the middle of a piece, gets it whole all the same',
      { kind: 'cutRequest', afterBytes: 300_000 },
      6,
    ],
    ['between two pieces, gets no piece again that arrived', { kind: 'drop' }, 2],
  ] as [string, Fault, number][])(
    'breaking an upload off %s',
    async (_what, fault, piecesAgain) => {
      const upstream = await realRegistry();
      const blob = await blobOf(5 * MIB + 123);
      let pieces = 0;
      const proxy = await faultyProxy(upstream, (method) =>
        method === 'PATCH' && [2, 4].includes(++pieces) ? fault : null,
      );
      const repository = repositoryAt(`${proxy.host}/a`, { chunkBytes: MIB, attempts: 1 });
      expect(await pushBlob(repository, blob)).toBe('uploaded');
      expect(digestOf(await readBlob(repositoryAt(`${upstream}/a`), blob.digest))).toBe(
        blob.digest,
      );
      const sentBytes = proxy.seen
        .map(({ headers }) => /^(\d+)-(\d+)$/.exec(String(headers['content-range'])))
        .reduce((sum, range) => sum + (range ? Number(range[2]) - Number(range[1]) + 1 : 0), 0);
      expect(sentBytes).toBeLessThanOrEqual(blob.sizeBytes + piecesAgain * MIB);
    },
  );

  it('that forgets an upload gets it from the start', async () => {
    const upstream = await realRegistry();
    const blob = await blobOf(3 * MIB);
    let patches = 0;
    let asked = 0;
    const proxy = await faultyProxy(upstream, (method, url) => {
      if (method === 'PATCH' && ++patches === 2) return { kind: 'drop' };
      if (method === 'GET' && /uploads/.test(url) && ++asked === 1)
        return { kind: 'answer', status: 404 };
      return null;
    });
    await pushBlob(repositoryAt(`${proxy.host}/a`, { chunkBytes: MIB, attempts: 1 }), blob);
    expect(await repositoryAt(`${upstream}/a`).has(blob.digest)).toBe(true);
  });

  it('giving other bytes than asked for is noticed, and the next place is asked', async () => {
    const good = await blobOf(1000);
    const server = createServer((_request, answer) => answer.end('garbage'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const bad = repositoryAt(`localhost:${(server.address() as AddressInfo).port}/a`);
    await expect(readBlob(bad, good.digest)).rejects.toMatchObject({ code: 'BLOB_DAMAGED' });
    const lines: string[] = [];
    const store = new BlobStore(await temporaryFolder());
    const chain = sourceChain([bad, good.source], { store, report: (line) => lines.push(line) });
    expect((await readBlob(chain, good.digest)).equals(good.bytes)).toBe(true);
    expect(lines).toHaveLength(1);
  });
});

it('a manifest is pushed only after its blobs', async () => {
  const upstream = await realRegistry();
  const proxy = await faultyProxy(upstream, (method, url) =>
    method === 'PUT' && /uploads/.test(url) ? { kind: 'answer', status: 400 } : null,
  );
  const image = await madeImage();
  await expect(
    pushImage(repositoryAt(`${proxy.host}/a`), { ...image, tag: 'dev' }),
  ).rejects.toMatchObject({ code: 'REGISTRY', status: 400 });
  expect(await repositoryAt(`${upstream}/a`).getManifest('dev')).toBeNull();
});
