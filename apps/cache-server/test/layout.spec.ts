import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';

const source = join(__dirname, '../src');

/** The import edges between the app's own files, paths relative to src. */
function importEdges(): [from: string, to: string][] {
  const files = readdirSync(source, { recursive: true }).map(String);
  return files
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .flatMap((file) => {
      const text = readFileSync(join(source, file), 'utf8');
      const specifiers = text.matchAll(/(?:from|import\() ?['"](\.[^'"]+)['"]/g);
      return [...specifiers].map(([, specifier = '']): [string, string] => {
        const target = join(dirname(file), specifier.replace(/\.js$/, ''));
        return [file.replace(/\.ts$/, ''), target];
      });
    });
}

/** A cycle, as the nodes on it, or null. */
function cycleIn(edges: [string, string][]): string[] | null {
  const next = new Map<string, Set<string>>();
  for (const [from, to] of edges) next.set(from, (next.get(from) ?? new Set()).add(to));
  const done = new Set<string>();
  const visit = (node: string, path: string[]): string[] | null => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return null;
    for (const to of next.get(node) ?? []) {
      const cycle = visit(to, [...path, node]);
      if (cycle) return cycle;
    }
    done.add(node);
    return null;
  };
  for (const node of next.keys()) {
    const cycle = visit(node, []);
    if (cycle) return cycle;
  }
  return null;
}

it('finds a cycle where there is one', () => {
  expect(cycleIn([['a', 'b'], ['b', 'c'], ['c', 'b']])).toEqual(['b', 'c', 'b']); // prettier-ignore
});

it('no file imports itself by way of others', () => {
  const edges = importEdges();
  expect(edges.length).toBeGreaterThan(100);
  expect(cycleIn(edges)).toBeNull();
});

it('no folder imports itself by way of others', () => {
  const folderOf = (file: string) => relative('.', dirname(file)) || file;
  const edges = importEdges().map(([from, to]): [string, string] => [folderOf(from), folderOf(to)]);
  expect(cycleIn(edges.filter(([from, to]) => from !== to))).toBeNull();
});
