import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { paxData, rawEnd, rawEntry, rawOwn, type RawEntry } from './raw-tar';

const names = [
  'dist',
  'dist/a',
  'dist/b',
  'dist/a/b',
  'code',
  'terminalOutput',
  'a',
  './a',
  'a//b',
];
const name = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...names.slice(0, 4)) },
  { weight: 6, arbitrary: fc.stringMatching(/^dist\/[a-zäß ]{1,20}$/) },
  { weight: 1, arbitrary: fc.constantFrom(...names) },
  { weight: 1, arbitrary: fc.constantFrom('../x', '/x', 'dist/', 'x\0y', 'x\ny', 'a\\b', '', '.') },
);
const longName = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 30 }).map((n) => `dist/${'dir/'.repeat(n)}f${n}`) }, // prettier-ignore
  { weight: 1, arbitrary: name },
);
const rare = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 24, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const entry: fc.Arbitrary<RawEntry> = fc
  .record({
    name,
    type: fc.oneof(
      { weight: 12, arbitrary: fc.constantFrom('0', '0', '0', '\0', '5', '2') },
      { weight: 1, arbitrary: fc.constantFrom('1', '7', 'S', 'g') },
    ),
    link: fc.constantFrom('', 'b', '../b', 'b/c', '/etc', 'x\0y'),
    prefix: rare(fc.constantFrom('dist', 'dist/p', '..')),
    magic: fc.constantFrom('ustar  \0', 'ustar  \0', 'ustar\x0000', '\0'.repeat(8), 'ustar\x0001'),
    size: rare(fc.constantFrom('0\0', '      17 \0', '+0000000017', '\x80' + '\0'.repeat(10) + 'a', '17')), // prettier-ignore
    checksum: rare(fc.constantFrom('0', '', '777777\0 ')),
    content: fc.oneof(fc.constant(''), fc.string({ maxLength: 40 }), fc.string({ minLength: 500, maxLength: 1600 })), // prettier-ignore
    unpadded: rare(fc.constant(true)),
  })
  // Nothing but a file has content, as a rule.
  .map((raw) => ({ ...raw, content: '0\0'.includes(raw.type) ? raw.content : '' }) as RawEntry);

const record: fc.Arbitrary<RawEntry[]> = fc.oneof(
  { weight: 4, arbitrary: longName.map((path): RawEntry[] => [{ name: '././@LongLink', type: 'L', content: `${path}\0` }]) }, // prettier-ignore
  { weight: 1, arbitrary: longName.map((path): RawEntry[] => [{ name: '././@LongLink', type: 'L', content: path }]) }, // prettier-ignore
  { weight: 2, arbitrary: longName.map((path): RawEntry[] => [{ name: '././@LongLink', type: 'K', content: `${path}\0` }]) }, // prettier-ignore
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.array(
          fc.tuple(
            fc.constantFrom('path', 'path', 'mtime', 'uname', 'linkpath', 'size', 'GNU.sparse.name', 'x'), // prettier-ignore
            fc.oneof(
              longName,
              fc.constantFrom(
                '1',
                'dist/a\n20 path=../../../x',
                'dist/a\n15 path=dist/z',
                'dist/=x',
                '1.5',
                '',
              ),
            ),
          ),
          { minLength: 1, maxLength: 3 },
        ),
        rare(fc.constantFrom(-1, 1, 2)),
      )
      .map(([pairs, lie]): RawEntry[] => [
        { name: 'x', type: 'x', content: paxData(pairs, lie ?? 0) },
      ]),
  },
);

const tail = fc.constantFrom(
  rawEnd,
  rawEnd,
  Buffer.alloc(0),
  rawEnd.subarray(512),
  Buffer.alloc(10_240),
  Buffer.concat([rawEnd.subarray(512), rawEntry({ name: 'dist/late', content: 'x' }), rawEnd]),
  Buffer.from('x'),
);

const archive = fc
  .record({
    parts: fc.array(fc.tuple(fc.oneof({ weight: 1, arbitrary: fc.constant<RawEntry[]>([]) }, { weight: 1, arbitrary: record }), entry), { maxLength: 4 }), // prettier-ignore
    own: fc.constantFrom(rawOwn, rawOwn, rawOwn, Buffer.alloc(0)),
    tail,
    behind: rare(fc.constantFrom(Buffer.from('x'), gzipSync('y'), Buffer.alloc(8))),
    cut: rare(fc.integer({ min: 1, max: 200 })),
  })
  .map(({ parts, own, tail, behind, cut }) => {
    const entries = parts.flatMap(([records, last]) => [...records, last]);
    const packed = gzipSync(Buffer.concat([...entries.map(rawEntry), own, tail]));
    const whole = behind ? Buffer.concat([packed, behind]) : packed;
    return cut ? whole.subarray(0, -Math.min(cut, whole.length)) : whole;
  });

/** Archives as Nx, as other writers, and as nobody honest would make them; the same for each seed. */
export function generatedArchives(count: number, seed: number): Buffer[] {
  return fc.sample(archive, { numRuns: count, seed });
}
