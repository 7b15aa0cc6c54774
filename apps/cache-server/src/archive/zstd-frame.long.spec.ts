// Takes 20 s.
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { zstdOf } from '../../test/zstd';
import { ZstdFrame } from './zstd-frame';

/** What the frame is refused for, given in parts of these lengths; null when it is taken. */
function refusalOf(frame: Buffer, cuts: number[] = [frame.length]): string | null {
  const walk = new ZstdFrame();
  try {
    let at = 0;
    for (let turn = 0; at < frame.length; turn += 1) {
      const part = frame.subarray(at, at + cuts[turn % cuts.length]!);
      walk.pass(part);
      at += part.length;
    }
    walk.end();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

const noise = randomBytes(300_000);
const good = {
  empty: zstdOf(Buffer.alloc(0)),
  short: zstdOf(Buffer.from('text')),
  'of one byte, often': zstdOf(Buffer.alloc(400_000)),
  'of text': zstdOf(Buffer.from('some text '.repeat(50_000))),
  'of noise': zstdOf(noise),
  'with its length': zstdOf(Buffer.alloc(70_000, 'x'), { ZSTD_c_contentSizeFlag: 1 }),
};

describe.each(Object.entries(good))('a frame that is %s', (_what, frame) => {
  it('is taken in parts of any length', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1 }), (cuts) => {
        expect(refusalOf(frame, cuts)).toBeNull();
      }),
      { numRuns: 50 },
    );
    expect(refusalOf(frame.subarray(0, 40_000), [1])).toEqual(
      frame.length > 40_000 ? expect.any(String) : null,
    );
  });

  it('is refused wherever it is cut off, and with anything behind or in front of it', () => {
    const lengths = [0, 1, 4, 5, 6, 8, ...Array.from({ length: 200 }, (_, at) => frame.length - 1 - at)]; // prettier-ignore
    for (const length of lengths.filter((each) => each >= 0 && each < frame.length))
      expect(refusalOf(frame.subarray(0, length)), `${length} bytes`).toMatch(/cut off/);
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7]);
    for (const more of [Buffer.alloc(1), frame, skippable]) {
      expect(refusalOf(Buffer.concat([frame, more]))).toMatch(/behind/);
      expect(refusalOf(Buffer.concat([frame, more]), [1])).toMatch(/behind/);
    }
    expect(refusalOf(Buffer.concat([skippable, frame]))).toMatch(/no zstd/);
  });
});

it('is refused where it needs a dictionary or much memory, or has no checksum', () => {
  expect(refusalOf(zstdOf(noise, { ZSTD_c_checksumFlag: 0 }))).toMatch(/without a checksum/);
  expect(refusalOf(zstdOf(randomBytes(2_000_000), { ZSTD_c_windowLog: 20 }))).toMatch(
    /window of more/,
  );
  const changed = (at: number, value: number) => {
    const frame = Buffer.from(good['of noise']);
    frame[at] = value;
    return refusalOf(frame);
  };
  expect(changed(4, 0b101)).toMatch(/dictionary/);
  expect(changed(4, 0b1100)).toMatch(/unknown kind/);
  expect(changed(5, 0xff)).toMatch(/window of more/);
  expect(changed(6, 0b110)).toMatch(/block that is none|cut off|behind/);
});
