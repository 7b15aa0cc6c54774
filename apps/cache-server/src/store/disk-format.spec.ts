import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FileSeal, sealedBytes } from '../encryption/file-seal';
import { KeyRing } from '../encryption/key-ring';
import { encodeFooter, maxFooterBytes } from '../entry/footer';
import { decodeFooter } from './disk-format';

const text = fc.string({ unit: 'binary', maxLength: 3_000 });
const record = fc.record({
  sizeBytes: fc.nat(),
  sha256: fc.string({ maxLength: 64 }),
  createdAtMs: fc.nat(),
  writer: text,
  outputs: fc.array(text, { maxLength: 30 }),
  packing: fc.constantFrom('gzip', 'zstd', undefined),
});
const key = { scope: 'main', hash: '1' };
const ring = new KeyRing([randomBytes(32)]);

it('reads back whatever it writes, however long the names are, sealed or not', () => {
  fc.assert(
    fc.property(record, fc.boolean(), (given, isSealed) => {
      const footer = encodeFooter(given, key, isSealed ? FileSeal.fresh(ring) : null);
      expect(footer.length).toBeLessThanOrEqual(maxFooterBytes);
      const contentBytes = isSealed ? sealedBytes(given.sizeBytes) : given.sizeBytes;
      const read = decodeFooter(footer, contentBytes + footer.length, key, isSealed ? ring : null);
      if (!read || read === 'unreadable') throw new Error(`it says ${read}`);
      const { sizeBytes, sha256, packing } = given;
      expect(read.record).toMatchObject({ sizeBytes, sha256, ...(packing ? { packing } : {}) });
      expect(given.writer.startsWith(read.record.writer.slice(0, 100))).toBe(true);
    }),
  );
});

it('a sealed record is of its own entry and its own key alone, and none in the clear passes', () => {
  const given = {
    sizeBytes: 9,
    sha256: 'x',
    createdAtMs: 1,
    writer: 'w',
    outputs: ['dist/secret'],
  };
  const footer = encodeFooter(given, key, FileSeal.fresh(ring));
  const bytes = sealedBytes(9) + footer.length;
  expect(footer.toString()).not.toContain('secret');
  expect(decodeFooter(footer, bytes, key, ring)).toMatchObject({ record: given });
  expect(decodeFooter(footer, bytes, { ...key, scope: 'pr-1' }, ring)).toBeNull();
  expect(decodeFooter(footer, bytes + 1, key, ring)).toBeNull();
  expect(decodeFooter(footer, bytes, key, new KeyRing([randomBytes(32)]))).toBe('unreadable');
  expect(decodeFooter(footer, bytes, key, null)).toBe('unreadable');
  const clear = encodeFooter(given, key, null);
  expect(decodeFooter(clear, 9 + clear.length, key, ring)).toBe('unreadable');
});

it('is damage, and nothing else, where it says another packing than its record', () => {
  const given = { sizeBytes: 9, sha256: 'x', createdAtMs: 1, writer: 'w', outputs: [] };
  for (const [seal, keys, bytes] of [
    [null, null, 9],
    [FileSeal.fresh(ring), ring, sealedBytes(9)],
  ] as const) {
    for (const packing of ['gzip', 'zstd'] as const) {
      const footer = encodeFooter({ ...given, packing }, key, seal);
      const at = footer.length - 8;
      footer.writeUInt32BE(footer.readUInt32BE(at) + (packing === 'gzip' ? 2 : -2), at);
      expect(decodeFooter(footer, bytes + footer.length, key, keys)).toBeNull();
    }
  }
});
