// Takes 20 s.
import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { nxArchive } from '../archive';
import { serverProcess } from '../server-process';
import { temporaryFolder } from '../temporary-folder';
import { get, put } from '../test-server';

it('removals and reads in the middle of writes leave no entry that is there and never found', async () => {
  const { url, tokens } = await serverProcess(await temporaryFolder());
  // Answered from memory, and from a file.
  const bodies = [await nxArchive({ 'dist/a': 'x' }), await nxArchive({ 'dist/a': randomBytes(300_000) })]; // prettier-ignore
  const headers = { authorization: `Bearer ${tokens.main}` };
  const remove = (hash: string) => fetch(`${url}/v1/cache/${hash}`, { method: 'DELETE', headers });
  const read = async (hash: string) => {
    const answer = await get(url, tokens.main, hash);
    await answer.arrayBuffer();
    return answer.status;
  };
  const hashes = Array.from({ length: 300 }, (_, at) => String(at));
  for (let at = 0; at < hashes.length; at += 20)
    await Promise.all(
      hashes.slice(at, at + 20).map(async (hash, lane) => {
        const body = bodies[lane % 2]!;
        await Promise.all([put(url, tokens.main, hash, body), remove(hash), read(hash), put(url, tokens.main, hash, body), remove(hash)]); // prettier-ignore
      }),
    );
  // Whatever is left of each: what is not found can be stored, and what is stored is found.
  const holes: string[] = [];
  for (const [at, hash] of hashes.entries()) {
    const before = await read(hash);
    const { status } = await put(url, tokens.main, hash, bodies[at % 2]!);
    const after = await read(hash);
    if (after !== 200 || status !== (before === 200 ? 409 : 200)) holes.push(`${hash}: ${before}, ${status}, ${after}`); // prettier-ignore
  }
  expect(holes).toEqual([]);
}, 300_000);
