import { randomBytes } from 'node:crypto';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder';
import { ChunkSealer, chunkBytes, FileSeal, sealedBytes } from '../encryption/file-seal';
import { KeyRing } from '../encryption/key-ring';
import { SealedFile } from './entry-file';

it('a sealed file gives any part of what was sealed, whatever the parts it came in', async () => {
  const path = join(await temporaryFolder(), 'sealed');
  const content = randomBytes(5 * chunkBytes + 123);
  const seal = FileSeal.fresh(new KeyRing([randomBytes(32)]));
  const handle = await open(path, 'w+');
  onTestFinished(() => handle.close());
  const sizes = fc.constantFrom(1, 15, 16, chunkBytes - 1, chunkBytes, chunkBytes + 1);
  const length = fc.oneof(fc.integer({ min: 1, max: content.length }), sizes);
  await fc.assert(
    fc.asyncProperty(
      length,
      fc.array(fc.integer({ min: 1, max: 2 * chunkBytes }), { minLength: 1, maxLength: 5 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      fc.array(sizes, { minLength: 1, maxLength: 4 }),
      async (length, steps, where, blockSizes) => {
        const parts: Buffer[] = [];
        const sealer = new ChunkSealer(seal, (sealed) => parts.push(sealed));
        for (let at = 0, turn = 0; at < length; turn += 1) {
          const end = Math.min(length, at + steps[turn % steps.length]!);
          sealer.write(content.subarray(at, end));
          at = end;
        }
        sealer.end();
        const sealed = Buffer.concat([...parts, Buffer.from('a record')]);
        expect(sealed.length).toBe(sealedBytes(length) + 8);
        await handle.truncate(0);
        await handle.write(sealed, 0, sealed.length, 0);
        const at = Math.floor(where * length);
        const blocks = blockSizes.map((size) => Buffer.alloc(size));
        const bytes = await new SealedFile(handle, length, seal).readv(blocks, at);
        const wanted = content.subarray(0, length).subarray(at, at + Buffer.concat(blocks).length);
        expect(bytes).toBe(wanted.length);
        expect(Buffer.concat(blocks).subarray(0, bytes).equals(wanted)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

it('a chunk opens only unchanged and in its own place', async () => {
  const path = join(await temporaryFolder(), 'sealed');
  const seal = FileSeal.fresh(new KeyRing([randomBytes(32)]));
  const [one, two] = [0, 1].map((index) => seal.sealChunk(randomBytes(chunkBytes), index));
  const reads = async (bytes: Buffer) => {
    await writeFile(path, bytes);
    const handle = await open(path);
    try {
      return await new SealedFile(handle, 2 * chunkBytes, seal).readv([Buffer.alloc(9)], 70_000);
    } finally {
      await handle.close();
    }
  };
  expect(await reads(Buffer.concat([one!, two!]))).toBe(9);
  await expect(reads(Buffer.concat([two!, one!]))).rejects.toThrow(/authenticate/);
  const changed = Buffer.concat([one!, two!]);
  changed[changed.length - 20]! ^= 1;
  await expect(reads(changed)).rejects.toThrow(/authenticate/);
  await expect(reads(one!)).rejects.toThrow(/shorter/);
});
