import { unknown } from '../syntax/expand';
import type { BaseInput, StageSource } from './graph';
import { Scope } from './scope';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The variables that a stage starts with: those of its base image, as far as they are known. */
export function firstScope(source: StageSource, bases: Record<string, BaseInput>): Scope {
  if (source.kind === 'scratch') return new Scope([['PATH', defaultPath]], false);
  const base = source.kind === 'image' ? bases[source.reference] : undefined;
  if (base && typeof base === 'object' && base.env)
    return new Scope([['PATH', defaultPath], ...Object.entries(base.env)], false);
  return new Scope([['PATH', unknown]], true);
}
