// Takes 120 s.
import { cp } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Index, Manifest } from '@excel2doc/oci';
import { faultyProxy } from '@excel2doc/oci/testing/proxy';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { repositoryAt } from '@excel2doc/oci/testing/repository';
import { expect, test } from 'vitest';
import { builtStage } from '../../testing/built-stage';

const LONG_MS = 180_000;
const PLATFORMS = ['linux/amd64', 'linux/arm64'];

/** A registry that goes away after so many requests more, and how many it has had. */
async function leavingRegistry() {
  const upstream = await realRegistry();
  let left = Number.POSITIVE_INFINITY;
  const proxy = await faultyProxy(upstream, () => (left-- > 0 ? null : { kind: 'drop' }));
  const leavesAfter = (requests = Number.POSITIVE_INFINITY) => void (left = requests);
  return { upstream, host: proxy.host, leavesAfter, requests: () => proxy.seen.length };
}

/** That whatever a tag names is there to its last blob. */
async function expectNothingHalf(repositoryName: string, tags: readonly string[]) {
  const repository = repositoryAt(repositoryName);
  const read = async (reference: string) => {
    const found = await repository.getManifest(reference);
    return found && (JSON.parse(found.bytes.toString()) as Index & Manifest);
  };
  for (const tag of tags)
    for (const { digest } of (await read(tag))?.manifests ?? []) {
      const image = await read(digest);
      for (const blob of [image!.config, ...image!.layers])
        expect(await repository.has(blob.digest)).toBe(true);
    }
}

/** Some of the requests of a push, the first and the last among them. */
const someOf = (count: number) => [...new Set([0, count >> 2, count >> 1, count - 2, count - 1])];

test(
  'a registry that goes away in the middle of a push is one line, names nothing that is not whole, and the next push ends it',
  async () => {
    const registry = await leavingRegistry();
    const { push } = await builtStage(PLATFORMS);
    const to = (name: string) => ({ repository: `${registry.host}/${name}`, tag: 'dev' });
    expect(await push(to('whole'))).toMatchObject({ success: true });
    const whole = await repositoryAt(`${registry.upstream}/whole`).resolve('dev');
    const tags = ['dev', whole!.slice(7, 19)];
    for (const at of someOf(registry.requests())) {
      const there = `${registry.upstream}/after-${at}`;
      registry.leavesAfter(at);
      const { success, text } = await push(to(`after-${at}`));
      expect(success, `after ${at} requests: ${text}`).toBe(false);
      expect(text).toMatch(new RegExp(`^✗ [^\n]*${registry.host} does not answer[^\n]*\n`, 'm'));
      expect(text).not.toMatch(/^\s+at |@sha256:\w+ as /m);
      await expectNothingHalf(there, tags);
      registry.leavesAfter();
      expect(await push(to(`after-${at}`))).toMatchObject({ success: true });
      expect(await repositoryAt(there).resolve('dev')).toBe(whole);
    }
  },
  LONG_MS,
);

test(
  'one that goes away while a machine pushes its part leaves nothing to join; while they are joined, no tag of half of them',
  async () => {
    const registry = await leavingRegistry();
    const repository = `${registry.host}/team/app`;
    const joining = await builtStage([]);
    for (const platform of PLATFORMS) {
      const machine = await builtStage([platform]);
      const written = join(machine.root, 'dist/docker-pushed');
      registry.leavesAfter(3);
      expect(await machine.push({ repository, parts: 'push' })).toMatchObject({ success: false });
      expect(existsSync(written)).toBe(false);
      registry.leavesAfter();
      expect(await machine.push({ repository, parts: 'push' })).toMatchObject({ success: true });
      await cp(written, join(joining.root, 'dist/docker-pushed'), { recursive: true });
    }
    const upstream = `${registry.upstream}/team/app`;
    const joinThem = { repository, parts: 'join', platforms: PLATFORMS };
    const tags = ['dev'];
    let isJoined = false;
    for (let at = 0; !isJoined; at++) {
      registry.leavesAfter(at);
      const { success, text } = await joining.push(joinThem);
      isJoined = success;
      if (!success)
        expect(text).toMatch(new RegExp(`^✗ [^\n]*${registry.host} does not answer[^\n]*\n`, 'm'));
      await expectNothingHalf(upstream, tags);
    }
    registry.leavesAfter();
    const index = await repositoryAt(upstream).getManifest('dev');
    expect((JSON.parse(index!.bytes.toString()) as Index).manifests).toHaveLength(PLATFORMS.length);
  },
  LONG_MS,
);
