import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeFooter, encodeFooter, maxFooterBytes } from './disk-format';

const text = fc.string({ unit: 'binary', maxLength: 3_000 });

it('reads back whatever it writes, however long the names are', () => {
  const record = fc.record({
    sizeBytes: fc.nat(),
    sha256: fc.string({ maxLength: 64 }),
    createdAtMs: fc.nat(),
    writer: text,
    outputs: fc.array(text, { maxLength: 30 }),
  });
  fc.assert(
    fc.property(record, (given) => {
      const footer = encodeFooter(given);
      expect(footer.length).toBeLessThanOrEqual(maxFooterBytes);
      const read = decodeFooter(footer, given.sizeBytes + footer.length);
      expect(read).toMatchObject({ sizeBytes: given.sizeBytes, sha256: given.sha256 });
      expect(given.writer.startsWith(read!.writer.slice(0, 100))).toBe(true);
    }),
  );
});
