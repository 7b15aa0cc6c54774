import { SyntaxProblem } from '../syntax/words';
import { similarTo } from './keyword';

export type FlagKind = 'boolean' | 'text' | 'texts';

/** A flag that BuildKit refuses. */
export class FlagProblem extends SyntaxProblem {
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

export interface Flags {
  boolean(name: string): boolean | undefined;
  text(name: string): string | undefined;
  texts(name: string): string[];
}

/** Reads `--name=value` flags against the ones that an instruction knows. */
export function readFlags(given: string[], known: Record<string, FlagKind>): Flags {
  const found = new Map<string, string[]>();
  for (const flag of given) {
    const equals = flag.indexOf('=');
    const name = flag.slice(2, equals < 0 ? undefined : equals);
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) {
      const meant = similarTo(name, Object.keys(known));
      throw new FlagProblem(`unknown flag: --${name}`, meant && `did you mean --${meant}?`);
    }
    if (found.has(name) && kind !== 'texts')
      throw new FlagProblem(`duplicate flag specified: --${name}`);
    const value = valueOf(name, kind, equals < 0 ? undefined : flag.slice(equals + 1));
    found.set(name, [...(found.get(name) ?? []), value]);
  }
  return {
    boolean: (name) => (found.has(name) ? found.get(name)![0] === 'true' : undefined),
    // BuildKit can't tell an empty flag from one that is not there.
    text: (name) => found.get(name)?.[0] || undefined,
    texts: (name) => found.get(name) ?? [],
  };
}

function valueOf(name: string, kind: FlagKind, value: string | undefined): string {
  if (kind !== 'boolean') {
    if (value === undefined) throw new FlagProblem(`missing a value on flag: --${name}`);
    return value;
  }
  if (value === undefined) return 'true';
  if (value === '') throw new FlagProblem(`missing a value on flag: --${name}`);
  const lower = value.toLowerCase();
  if (lower !== 'true' && lower !== 'false')
    throw new FlagProblem(`expecting boolean value for flag --${name}, not: ${value}`);
  return lower;
}
