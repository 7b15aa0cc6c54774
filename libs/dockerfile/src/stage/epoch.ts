import type { Dockerfile } from '../dockerfile';
import { SyntaxProblem } from '../syntax/words';
import { unknown } from '../syntax/expand';
import type { Scope } from './scope';

export const EPOCH = 'SOURCE_DATE_EPOCH';

/** The build arguments as a stage sees them; `unknown` is one that is known only in a build. */
export type GivenArgs = Map<string, string | typeof unknown>;

/**
 * The build arguments once BuildKit has settled SOURCE_DATE_EPOCH, in `scope` too: from 0.34 on it is
 * a number of seconds, or names what a time is taken from. A context that is a folder has none, so
 * `context` is as if nobody had set it; a stage or a named context has the time of what is fetched.
 *
 * @throws SyntaxProblem where it is none of these
 * @see https://github.com/moby/buildkit, dockerfile2llb/epoch.go
 */
export function settleEpoch(
  { stages, rules }: Dockerfile,
  {
    buildArgs = {},
    namedContexts = {},
  }: { buildArgs?: Record<string, string>; namedContexts?: Record<string, string> },
  scope: Scope,
): GivenArgs {
  const given: GivenArgs = new Map(Object.entries(buildArgs));
  const value = given.get(EPOCH) ?? scope.get(EPOCH);
  if (rules < 34 || typeof value !== 'string') return given;
  const names = [...stages.map(({ declaredName }) => declaredName), ...Object.keys(namedContexts)];
  const settled = settle(value, names);
  if (settled === undefined) {
    given.delete(EPOCH);
    scope.delete(EPOCH);
    return given;
  }
  if (given.has(EPOCH)) given.set(EPOCH, settled);
  if (scope.get(EPOCH) !== undefined) scope.set(EPOCH, settled);
  return given;
}

function settle(value: string, names: readonly string[]): string | undefined | typeof unknown {
  if (value === '' || value === 'context') return undefined;
  if (/^[+-]?\d+$/.test(value)) {
    const seconds = BigInt(value.replace(/^\+/, ''));
    if (BigInt.asIntN(64, seconds) === seconds) return String(seconds);
  }
  const lower = value.toLowerCase();
  if (names.some((name) => name !== '' && name.toLowerCase() === lower)) return unknown;
  throw new SyntaxProblem(`invalid ${EPOCH}: ${value}`);
}

/** Whether BuildKit has to fetch something to know what SOURCE_DATE_EPOCH is. */
export function isMovingEpoch(value: string | undefined): boolean {
  return value !== undefined && value !== 'context' && !/^[+-]?\d*$/.test(value);
}
