import type { Option } from './schema';

/** A list of no certain items is one of any: Nx would refuse a `null` among others. */
const TYPES = ['string', 'number', 'boolean', 'array', 'object', 'null'].map((type) =>
  type === 'array' ? { type, items: [] } : { type },
);

/** What an object is to hold. */
interface Held {
  properties?: object;
  required?: string[];
  additionalProperties?: unknown;
}

/**
 * An option of which Nx refuses no value, though the schema says of it what it said before: Nx reads
 * `oneOf` and looks at nothing else, and everybody else reads all of it.
 *
 * What is typed becomes a list or a boolean as before: Nx looks for that in the first part, and not
 * where `anyOf` stands. What an object is to hold stands in `allOf` as well: Nx sets defaults by it, and
 * falls over a `null`.
 */
export function loosened(option: Option): Option {
  const { properties, required, additionalProperties, ...rest } = option as Option & Held;
  const { oneOf } = option as { oneOf?: { type: string }[] };
  const own = oneOf?.map(({ type }) => type) ?? [option.type!];
  const held = { type: 'object', properties, required, additionalProperties };
  return {
    ...(properties ? rest : option),
    ...(properties && { allOf: [held] }),
    ...(oneOf && { allOf: [{ oneOf }] }),
    oneOf: [
      ...TYPES.filter(({ type }) => own.includes(type)),
      { anyOf: TYPES.filter(({ type }) => !own.includes(type)) },
    ],
  };
}
