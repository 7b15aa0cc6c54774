import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HotEntries } from './hot-entries';

const key = (hash: number) => ({ scope: 'main', hash: String(hash) });

function entry(sizeBytes: number) {
  const record = { sizeBytes, sha256: '', createdAtMs: 0, writer: 'w', outputs: [] };
  return { record, body: randomBytes(sizeBytes) };
}

it('gives back what was added or nothing, and always what came last', () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 0, max: 20 }), (sizes, removed) => {
      const hot = new HotEntries(300, 100);
      const added = sizes.map((size, at) => {
        const one = entry(size);
        hot.add(key(at), one);
        if (at === removed) hot.remove(key(at));
        return one;
      });
      for (const [at, { body }] of added.entries()) {
        const found = hot.get(key(at));
        if (found) expect(found.body.equals(body)).toBe(true);
        if (at === removed || body.length > 100) expect(found).toBeUndefined();
      }
      const last = added.length - 1;
      if (last !== removed && sizes[last]! <= 100) expect(hot.get(key(last))).toBeDefined();
    }),
  );
});

it('leaves a body that is being sent as it is when others take its place', () => {
  const hot = new HotEntries(300, 100);
  const first = entry(100);
  hot.add(key(0), first);
  const sending = hot.get(key(0))!.body;
  for (let at = 1; at < 9; at += 1) hot.add(key(at), entry(100));
  expect(hot.get(key(0))).toBeUndefined();
  expect(sending.equals(first.body)).toBe(true);
});
