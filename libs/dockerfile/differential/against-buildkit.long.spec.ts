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

const seed = Number(process.env['FUZZ_SEED'] ?? process.env['TEST_SEED']);
const cases = Number(process.env['FUZZ_CASES'] ?? 20_000);

/** What the library and BuildKit each say of a case, where that differs. */
function differences<T>(
  oracle: Oracle,
  all: readonly T[],
  question: (each: T) => Question,
  differs: (each: T, answer: Answer) => unknown,
): unknown[] {
  const answers = oracle.ask(all.map(question));
  return all.flatMap((each, index) => {
    const found = differs(each, answers[index]!);
    return found === undefined ? [] : [{ case: each, buildkit: answers[index], library: found }];
  });
}

function sample<T>(arbitrary: fc.Arbitrary<T>, share: number): T[] {
  const numRuns = Math.ceil(cases * share);
  console.log(`FUZZ_SEED=${seed} FUZZ_CASES=${cases} of which ${numRuns}`);
  return fc.sample(arbitrary, { seed, numRuns });
}

const all = oracles();

describe.skipIf(all.length === 0).each(all)('as BuildKit 0.$rules', (oracle) => {
  it('leaves files out', () => {
    const found = differences<IgnoreCase>(
      oracle,
      sample(ignoreCase, 0.25),
      ({ content, paths }) => ({ ask: 'ignore', text: content, paths }),
      ({ content, paths }, answer) => {
        const ours = ignored(content, paths);
        return JSON.stringify(ours) === JSON.stringify(answer.ignore) ||
          (ours === undefined && answer.error)
          ? undefined
          : (ours ?? 'refused');
      },
    );
    expect(found.slice(0, 5)).toEqual([]);
  });

  it('substitutes', () => {
    const env = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    const found = differences<ExpandCase>(
      oracle,
      sample(expandCase, 0.25),
      (each) => ({ ask: 'expand', ...each, env }),
      (each, answer) => {
        const ours = expanded(oracle, each);
        if (typeof ours === 'string') return answer.error ? undefined : ours;
        if (answer.error) return ours;
        const theirs = { text: answer.text ?? '', words: answer.words ?? [] };
        return JSON.stringify(ours) === JSON.stringify(theirs) ? undefined : ours;
      },
    );
    expect(found.slice(0, 5)).toEqual([]);
  });

  it('parses', () => {
    const found = differences<DockerfileCase>(
      oracle,
      sample(dockerfileCase, 0.15),
      ({ text }) => ({ ask: 'parse', text }),
      ({ text }, answer) => {
        const ours = libraryParses(oracle.rules, text);
        if (typeof ours === 'string') return answer.error ? undefined : ours;
        if (answer.error) return ours;
        return isDeepStrictEqual(ours, buildkitParses(answer)) ? undefined : ours;
      },
    );
    expect(found.slice(0, 3)).toEqual([]);
  });

  it('finds another frontend', () => {
    const found = differences<string>(
      oracle,
      sample(frontendCase, 0.05),
      (text) => ({ ask: 'syntax', text }),
      (text, answer) => {
        const ours = frontendOf(text, {}, oracle.rules);
        return (ours ?? '') === (answer.text ?? '') ? undefined : { ours };
      },
    );
    expect(found.slice(0, 3)).toEqual([]);
  });

  it('reads the build context, and refuses', () => {
    const tally = { built: 0, refused: 0, reading: 0 };
    const found = differences<DockerfileCase>(
      oracle,
      sample(dockerfileCase, 0.3).filter((each) => canBeAsked(oracle.rules, each)),
      (each) => ({ ask: 'llb', ...each, images: oracleImages }),
      (each, answer) => {
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
        if (typeof ours === 'string') return answer.error ? undefined : ours;
        if (answer.error) return ours;
        return JSON.stringify(ours) === JSON.stringify(theirs) ? undefined : { ours, theirs };
      },
    );
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
