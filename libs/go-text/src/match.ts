import { octetsOf } from './bytes';
import { runeAt } from './rune';

/** What one character of a name is held against. */
type Step =
  | { kind: 'byte'; byte: number }
  | { kind: 'any' }
  | { kind: 'class'; negated: boolean; ranges: [low: number, high: number][] };

/** The part of a pattern up to the next `*`; `undefined` where it is malformed. */
interface Chunk {
  starred: boolean;
  steps: Step[] | undefined;
}

/** Whether a name matches; `undefined` where Go says that the pattern is malformed. */
export type Matcher = (name: string) => boolean | undefined;

const slash = '/'.charCodeAt(0);
const compiled = new Map<string, Matcher>();

/**
 * Go's filepath.Match: `*` and `?` stop at a slash, `[a-c]` and `[^a]` are classes, `\` escapes. As
 * there, a pattern is read only as far as it takes to see that a name differs, so what is malformed
 * behind that is found by other names alone; a class may match a slash; and a `*` is undone byte by
 * byte, so that what follows it may match within a character.
 *
 * @see https://pkg.go.dev/path/filepath#Match
 */
export function matcher(pattern: string): Matcher {
  let found = compiled.get(pattern);
  if (!found) {
    const chunks = chunksOf(octetsOf(pattern));
    found = (name) => matchAll(chunks, octetsOf(name));
    compiled.set(pattern, found);
  }
  return found;
}

/** Whether BuildKit takes a source for a pattern: `*`, `?` or `[` without a backslash before it. */
export function hasWildcards(path: string): boolean {
  for (let i = 0; i < path.length; i++) {
    const character = path[i];
    if (character === '\\') i++;
    else if (character === '*' || character === '?' || character === '[') return true;
  }
  return false;
}

function matchAll(chunks: readonly Chunk[], name: string): boolean | undefined {
  let at = 0;
  for (const [index, { starred, steps }] of chunks.entries()) {
    const isLast = index === chunks.length - 1;
    if (starred && steps?.length === 0) return !name.includes('/', at);
    if (!steps) return undefined;
    for (let from = at; ; from++) {
      const end = matchSteps(steps, name, from);
      if (end !== undefined && (end === name.length || !isLast)) {
        at = end;
        break;
      }
      if (!starred || from >= name.length || name[from] === '/') return false;
    }
  }
  return at === name.length;
}

/** Where what `steps` match ends. */
function matchSteps(steps: readonly Step[], name: string, from: number): number | undefined {
  let at = from;
  for (const step of steps) {
    if (at >= name.length) return undefined;
    if (step.kind === 'byte') {
      if (name.charCodeAt(at++) !== step.byte) return undefined;
      continue;
    }
    const { code, size } = runeAt(name, at);
    if (step.kind === 'any') {
      if (code === slash) return undefined;
    } else if (step.ranges.some(([low, high]) => low <= code && code <= high) === step.negated) {
      return undefined;
    }
    at += size;
  }
  return at;
}

function chunksOf(pattern: string): Chunk[] {
  const chunks: Chunk[] = [];
  for (let at = 0; at < pattern.length;) {
    const start = at;
    while (pattern[at] === '*') at++;
    const end = chunkEnd(pattern, at);
    chunks.push({ starred: at > start, steps: stepsOf(pattern.slice(at, end)) });
    at = end;
  }
  return chunks;
}

/** Up to the next `*` that stands in no brackets, or what looks like brackets. */
function chunkEnd(pattern: string, start: number): number {
  let inBrackets = false;
  let at = start;
  for (; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '\\') at++;
    else if (character === '[') inBrackets = true;
    else if (character === ']') inBrackets = false;
    else if (character === '*' && !inBrackets) return at;
  }
  return Math.min(at, pattern.length);
}

function stepsOf(chunk: string): Step[] | undefined {
  const steps: Step[] = [];
  for (let at = 0; at < chunk.length;) {
    const character = chunk[at]!;
    if (character === '[') {
      const read = classAt(chunk, at + 1);
      if (!read) return undefined;
      steps.push(read.step);
      at = read.end;
      continue;
    }
    if (character === '?') {
      steps.push({ kind: 'any' });
      at++;
      continue;
    }
    if (character === '\\') at++;
    if (at === chunk.length) return undefined;
    steps.push({ kind: 'byte', byte: chunk.charCodeAt(at++) });
  }
  return steps;
}

function classAt(chunk: string, start: number): { step: Step; end: number } | undefined {
  let at = start;
  const negated = chunk[at] === '^';
  if (negated) at++;
  const ranges: [number, number][] = [];
  /** A member; what follows it must be there too. */
  const member = (): number | undefined => {
    if (at >= chunk.length || chunk[at] === '-' || chunk[at] === ']') return undefined;
    if (chunk[at] === '\\' && ++at >= chunk.length) return undefined;
    const { code, size, valid } = runeAt(chunk, at);
    at += size;
    return valid && at < chunk.length ? code : undefined;
  };
  while (ranges.length === 0 || chunk[at] !== ']') {
    const low = member();
    if (low === undefined) return undefined;
    let high: number | undefined = low;
    if (chunk[at] === '-') {
      at++;
      high = member();
    }
    if (high === undefined) return undefined;
    ranges.push([low, high]);
  }
  return { step: { kind: 'class', negated, ranges }, end: at + 1 };
}
