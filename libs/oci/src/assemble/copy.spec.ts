import { expect, it } from 'vitest';
import { newDirectory, Tree } from '../tree/tree';
import { matchSources } from './copy';

const tree = new Tree();
tree.set('a', newDirectory(0o755));
tree.set('a/😀.txt', newDirectory(0o755));

it.each([
  ['a/?.txt', ['a/😀.txt']],
  ['a/*.md', []],
  ['[a-c]/*', ['a/😀.txt']],
])('%s stands for %j', (source, paths) => {
  expect(matchSources(tree, source, true)).toEqual(paths);
});

it('a pattern in a folder that a stage does not have is refused, as BuildKit refuses it', () => {
  expect(() => matchSources(tree, '/y/*.txt', true)).toThrow(
    expect.objectContaining({ code: 'ASSEMBLY_FAILED' }),
  );
  expect(matchSources(tree, '/y/*.txt')).toEqual([]);
});
