import type { RuleSet } from '../rules';
import { unknown } from '../syntax/expand';
import type { StageSource } from './graph';
import { Scope } from './scope';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The variables that a stage starts with: those of its base image, as far as they are known. */
export function firstScope(source: StageSource, rules: RuleSet): Scope {
  if (source.kind === 'scratch') return new Scope([['PATH', defaultPath]], false, rules);
  if (source.kind === 'image' && source.env)
    return new Scope([['PATH', defaultPath], ...Object.entries(source.env)], false, rules);
  return new Scope([['PATH', unknown]], true, rules);
}
