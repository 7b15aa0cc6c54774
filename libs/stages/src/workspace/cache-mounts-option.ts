import { parseBytes } from '@excel2doc/oci';

/** That cache mounts are kept in the remote cache, as a target has it. */
export interface CacheMounts {
  /** Of each mount, as `2GB`. */
  budget: string;
  /** Paths of mounts that are kept besides the known ones. */
  others?: string[] | undefined;
}

/** As nx.json has it. */
export type CacheMountsOption = boolean | Partial<CacheMounts>;

const DEFAULT_BUDGET = '2GB';
const SHAPE = 'true, false or { "budget": "2GB", "others": ["/path"] }';

/** @throws Error naming what it has to be */
export function cacheMountsOf(option: CacheMountsOption | undefined): CacheMounts | undefined {
  if (option === undefined || option === false) return undefined;
  const refuse = () =>
    new Error(
      `nx.json: option "cacheMounts" of @excel2doc/nx-stages is ${JSON.stringify(option)}, it has to be ${SHAPE}`,
    );
  if (option !== true && (typeof option !== 'object' || option === null || Array.isArray(option)))
    throw refuse();
  const { budget = DEFAULT_BUDGET, others, ...rest } = option === true ? {} : option;
  const isList = others === undefined || (Array.isArray(others) && others.every((each) => typeof each === 'string')); // prettier-ignore
  if (Object.keys(rest).length > 0 || !isList || !(budgetBytes(budget) > 0)) throw refuse();
  return { budget, ...(others && others.length > 0 && { others }) };
}

/** NaN for what is no size. */
export function budgetBytes(budget: unknown): number {
  return typeof budget === 'string' ? parseBytes(budget) : Number.NaN;
}
