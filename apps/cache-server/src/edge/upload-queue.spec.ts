import { createHash, randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder';
import type { Spooled } from '../upload/spooled';
import { UploadQueue } from './upload-queue';

/** An upload that lies in a file of its own. */
async function spooled(sizeBytes: number): Promise<Spooled> {
  const content = randomBytes(sizeBytes);
  const path = join(await temporaryFolder(), 'spooled');
  const sha256 = createHash('sha256').update(content).digest('hex');
  return {
    content,
    sizeBytes,
    sha256,
    receivedSha256: null,
    contentSha256: null,
    packing: 'gzip',
    outputs: [],
    seal: null,
    persist: async () => {
      await writeFile(path, content);
      return path;
    },
    discard: async () => undefined,
  };
}

it('holds no more than it may while the run goes on, and takes more once something was sent', async () => {
  const queue = new UploadQueue(await temporaryFolder(), { maxBytes: 250, maxAgeMs: 1e9 });
  await queue.open();
  const first = await queue.add('1', await spooled(100), 'secret');
  await queue.add('2', await spooled(100), 'secret');
  await expect(queue.add('3', await spooled(100), 'secret')).rejects.toMatchObject({ code: 'DISK_FULL' }); // prettier-ignore
  await queue.remove(first);
  await queue.add('3', await spooled(100), 'secret');
  const waiting = [];
  for await (const { hash } of queue.waiting('secret')) waiting.push(hash);
  expect(waiting).toEqual(['2', '3']);
});

it('counts nothing that it could not write', async () => {
  const directory = await temporaryFolder();
  const queue = new UploadQueue(directory, { maxBytes: 250, maxAgeMs: 1e9 });
  await queue.open();
  const broken = { ...(await spooled(200)), persist: () => Promise.reject(new Error('no space')) };
  for (let at = 0; at < 3; at += 1)
    await expect(queue.add(`${at}`, broken, 'secret')).rejects.toThrow('no space');
  await queue.add('9', await spooled(200), 'secret');
  expect(await readdir(directory)).toHaveLength(2);
});

it('leaves no file behind that it does not count', async () => {
  const directory = await temporaryFolder();
  const queue = new UploadQueue(directory, { maxBytes: 1e6, maxAgeMs: 1e9 });
  await queue.open();
  // Taken over, and then it cannot be described.
  const unwritable = 1n as unknown as string;
  await expect(queue.add('1', await spooled(10), 'secret', unwritable)).rejects.toThrow(TypeError);
  expect(await readdir(directory)).toEqual([]);
});
