import { describe, expect, it } from 'vitest';
import { answerProblem, isPackage, withoutValidators } from './pip-answer';

/** As pip keeps it, with strings of MessagePack. */
const answer = (headers: Record<string, string>) => {
  const text = (each: string) => `${String.fromCharCode(0xa0 + each.length)}${each}`;
  const pairs = Object.entries(headers).map(([name, value]) => text(name) + text(value));
  return Buffer.from(
    `cc=4,\x82\xa8response\x81\xa7headers${String.fromCharCode(0x80 + pairs.length)}${pairs.join('')}\xa4vary\x80`,
    'latin1',
  );
};

describe('what pip keeps of an answer', () => {
  it('is kept as one that pip never asks about again, and is as long', () => {
    const headers = { 'Cache-Control': 'max-age=365000000', ETag: '"1"', 'last-modified': 'now' };
    const given = answer(headers);
    expect(answerProblem(given)).toMatch(/still holds/);
    const kept = withoutValidators(given);
    expect(answerProblem(kept)).toBeUndefined();
    expect(kept.toString('latin1')).toMatch(/max-age=365000000/);
    expect(kept.toString('latin1')).not.toMatch(/etag|last-modified/i);
    expect(kept).toHaveLength(given.length);
    expect(withoutValidators(kept)).toEqual(kept);
  });

  it.each([
    answer({ 'Content-Type': 'Text/HTML' }),
    answer({ 'content-type': 'application/VND.pypi.simple' }),
    // Of an older form, whose content is packed.
    Buffer.from('cc=2,x'),
    Buffer.from(''),
    answer({ eTaG: '1' }),
  ])('is not kept where it is of a page, or nothing tells', (bytes) => {
    expect(answerProblem(bytes)).toBeDefined();
  });
});

it.each([
  ['504b03041400', true],
  ['1f8b08000000', true],
  ['3c21444f4354', false],
  ['', false],
])('a file that begins with %s is a package: %s', (magic, is) => {
  expect(isPackage(magic)).toBe(is);
});
