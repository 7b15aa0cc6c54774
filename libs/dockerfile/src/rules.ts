/**
 * Whose rules a Dockerfile is read by: those of the BuildKit 0.x that the number names. Only versions
 * whose Go code the tests compare with have one.
 */
export type RuleSet = 13 | 34;

export const ruleSets: readonly RuleSet[] = [13, 34];
export const newestRules: RuleSet = 34;

/**
 * The rule set of a BuildKit by its version, `v0.13.2`; `undefined` where none is known to fit, which
 * is planned so that it holds for every rule set.
 */
export function ruleSetOf(version: string): RuleSet | undefined {
  const minor = Number(/^v?0\.(\d+)\./.exec(version)?.[1]);
  return ruleSets.find((rules) => rules === minor);
}
