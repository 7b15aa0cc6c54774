// Takes 120 s.
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DockerfileError } from '../src/error';
import { parseIgnoreFile } from '../src/ignore/ignore-file';
import type { ParentMatches } from '../src/ignore/pattern';
import { frontendOf } from '../src/syntax/frontend';
import { expand, SubstitutionError } from '../src/syntax/expand';
import type { DockerfileCase } from './dockerfiles';
import { dockerfileCase, frontendCase } from './dockerfiles';
import { buildkitParses, libraryParses } from './parsed';
import { buildkitReads, canBeAsked, libraryReads, oracleImages } from './read-context';
import type { ExpandCase, IgnoreCase } from './cases';
import { environment, expandCase, ignoreCase } from './cases';
import type { Answer, Oracle, Question } from './oracle';
import { oracles } from './oracle';
import { keptCases, shrunk } from './shrink';

const seed = Number(process.env['FUZZ_SEED'] ?? process.env['TEST_SEED']);
const cases = Number(process.env['FUZZ_CASES'] ?? 20_000);

interface Drawn<T> {
  arbitrary: fc.Arbitrary<T>;
  /** Of the run's cases. */
  share: number;
  question: (each: T) => Question;
  /** What the library says, where that is another thing; `undefined` where it is not. */
  differs: (each: T, answer: Answer) => unknown;
  /** Whether BuildKit can be asked. */
  canAsk?: (each: T) => boolean;
}

/**
 * What the library and BuildKit each say of a case, where that differs; the first that was drawn is
 * shrunk and kept.
 */
function differences<T>(
  test: string,
  oracle: Oracle,
  { arbitrary, share, question, differs, canAsk = () => true }: Drawn<T>,
): unknown[] {
  const numRuns = Math.ceil(cases * share);
  console.log(`FUZZ_SEED=${seed} FUZZ_CASES=${cases} of which ${numRuns}`);
  const kept = keptCases<T>(test).map((each) => ({ each, index: -1 }));
  const drawn = fc.sample(arbitrary, { seed, numRuns }).map((each, index) => ({ each, index }));
  const asked = [...kept, ...drawn].filter(({ each }) => canAsk(each));
  const answers = oracle.ask(asked.map(({ each }) => question(each)));
  const found = asked.flatMap(({ each, index }, at) => {
    const library = differs(each, answers[at]!);
    return library === undefined ? [] : [{ case: each, index, buildkit: answers[at], library }];
  });
  const first = found.find(({ index }) => index >= 0);
  if (!first) return found;
  const isDifferent = (each: T) =>
    canAsk(each) && differs(each, oracle.ask([question(each)])[0]!) !== undefined;
  const { index, case: asDrawn } = first;
  const smallest = shrunk(test, { arbitrary, seed, index, found: asDrawn }, isDifferent);
  return [{ smallest }, ...found];
}

const all = oracles();

describe.skipIf(all.length === 0).each(all)('as BuildKit 0.$rules', (oracle) => {
  it('leaves files out', () => {
    const found = differences<IgnoreCase>('leaves files out', oracle, {
      arbitrary: ignoreCase,
      share: 0.25,
      question: ({ content, paths }) => ({ ask: 'ignore', text: content, paths }),
      differs: ({ content, paths }, answer) => {
        const ours = ignored(content, paths);
        return JSON.stringify(ours) === JSON.stringify(answer.ignore) ||
          (ours === undefined && answer.error)
          ? undefined
          : (ours ?? 'refused');
      },
    });
    expect(found.slice(0, 5)).toEqual([]);
  });

  it('substitutes', () => {
    const env = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const found = differences<ExpandCase>('substitutes', oracle, {
      arbitrary: expandCase,
      share: 0.25,
      question: (each) => ({ ask: 'expand', ...each, env }),
      differs: (each, answer) => {
        const ours = expanded(oracle, each);
        // A known limit, said in the README.
        if (typeof ours === 'string' && ours.includes('that it runs in, which only BuildKit does'))
          return undefined;
        if (typeof ours === 'string') return answer.error ? undefined : ours;
        if (answer.error) return ours;
        const theirs = { text: answer.text ?? '', words: answer.words ?? [] };
        return JSON.stringify(ours) === JSON.stringify(theirs) ? undefined : ours;
      },
    });
    expect(found.slice(0, 5)).toEqual([]);
  });

  it('parses', () => {
    const found = differences<DockerfileCase>('parses', oracle, {
      arbitrary: dockerfileCase,
      share: 0.15,
      question: ({ text }) => ({ ask: 'parse', text }),
      differs: ({ text }, answer) => {
        const ours = libraryParses(oracle.rules, text);
        // A known limit, said in the README.
        if (typeof ours === 'string' && ours.includes('that it runs in, which only BuildKit does'))
          return undefined;
        if (typeof ours === 'string') return answer.error ? undefined : ours;
        if (answer.error) return ours;
        return isDeepStrictEqual(ours, buildkitParses(answer)) ? undefined : ours;
      },
    });
    expect(found.slice(0, 3)).toEqual([]);
  });

  it('finds another frontend', () => {
    const found = differences<string>('finds another frontend', oracle, {
      arbitrary: frontendCase,
      share: 0.05,
      question: (text) => ({ ask: 'syntax', text }),
      differs: (text, answer) => {
        const ours = frontendOf(text, {}, oracle.rules);
        return (ours ?? '') === (answer.text ?? '') ? undefined : { ours };
      },
    });
    expect(found.slice(0, 3)).toEqual([]);
  });

  it('reads the build context, and refuses', () => {
    const tally = { built: 0, refused: 0, reading: 0 };
    const found = differences<DockerfileCase>('reads the build context', oracle, {
      arbitrary: dockerfileCase,
      share: 0.3,
      canAsk: (each) => canBeAsked(oracle.rules, each),
      question: (each) => ({ ask: 'llb', ...each, images: oracleImages }),
      differs: (each, answer) => {
        // A builder that panics makes no image.
        if (answer.error?.startsWith('panic: ')) return undefined;
        // Up to 0.13 a trigger finds stages only that something else needs too; we take any.
        if (
          oracle.rules < 34 &&
          /^cannot (?:copy|mount) from stage/.test(answer.error ?? '') &&
          /onbuild/i.test(each.text)
        )
          return undefined;
        const ours = libraryReads(oracle.rules, each);
        const theirs = buildkitReads(answer);
        if (answer.error) tally.refused++;
        else tally.built++;
        if (theirs.copies.length > 0) tally.reading++;
        // A known limit, said in the README.
        if (typeof ours === 'string' && ours.includes('that it runs in, which only BuildKit does'))
          return undefined;
        if (typeof ours === 'string') return answer.error ? undefined : ours;
        if (answer.error) return ours;
        return JSON.stringify(ours) === JSON.stringify(theirs) ? undefined : { ours, theirs };
      },
    });
    console.log(JSON.stringify(tally), `${found.length} differ`);
    expect(found.slice(0, 5)).toEqual([]);
    expect(tally.reading).toBeGreaterThan(cases / 100);
  });
});

function ignored(content: string, paths: string[]): boolean[] | undefined {
  try {
    const rules = parseIgnoreFile(content, '.dockerignore');
    return paths.map((path) => {
      let parent: ParentMatches | undefined;
      let out = false;
      const parts = path.split('/');
      parts.forEach((_, index) => {
        const result = rules.match(parts.slice(0, index + 1).join('/'), parent);
        parent = result.matches;
        out = result.by !== undefined;
      });
      return out;
    });
  } catch (error) {
    if (error instanceof DockerfileError) return undefined;
    throw error;
  }
}

function expanded({ rules }: Oracle, { text, escape, ignoreQuotes }: ExpandCase) {
  const values: Record<string, string> = environment;
  const lookup = (name: string) => (Object.hasOwn(values, name) ? values[name] : undefined);
  try {
    const { text: result, words } = expand(text, lookup, { escape, ignoreQuotes, rules });
    return { text: result, words };
  } catch (error) {
    if (error instanceof SubstitutionError) return error.message;
    throw error;
  }
}
