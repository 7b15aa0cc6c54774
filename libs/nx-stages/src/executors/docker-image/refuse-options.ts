import { coerceTypesInOptions, type Schema, validateOptsAgainstSchema } from 'nx/src/utils/params';
import { similarTo } from '@excel2doc/dockerfile';
import { StagesError } from '@excel2doc/stages';
import schema from './schema.json';

/** What Nx adds with `--verbose`, to options whose schema allows others. */
const OF_NX = ['verbose'];
const KNOWN = Object.keys(schema.properties);
/** What each option takes, with the types that `loosened` (schemas/) keeps from Nx. */
const SHAPES: Properties = Object.fromEntries(
  Object.entries(schema.properties).map(([name, property]) => {
    const { oneOf: _loose, allOf, ...shape } = property as Property;
    return [name, allOf?.[0] ?? shape];
  }),
);
const NEEDED = ['stage', 'dockerfile', 'context'];

type Properties = Schema['properties'];
type Property = Properties[string] & { examples?: readonly unknown[] };

/** The first option that the executor does not have. */
export function unknownOption(options: object): string | undefined {
  return Object.keys(options).find((name) => ![...KNOWN, ...OF_NX].includes(name));
}

/** The first option whose value is of another type than it takes, as Nx reads what was typed. */
export function mistypedOption(options: object): string | undefined {
  const read: Record<string, unknown> = coerceTypesInOptions({ ...options }, schema as Schema);
  return KNOWN.find((name) => read[name] !== undefined && !isTaken(name, read[name]));
}

function isTaken(name: string, value: unknown): boolean {
  try {
    validateOptsAgainstSchema({ [name]: value }, { properties: SHAPES });
    return true;
  } catch {
    return false;
  }
}

/**
 * What Nx itself does for other executors: where the options of a batch are not those of its schema,
 * nobody catches Nx's error.
 *
 * @throws StagesError `OPTION_REFUSED`
 */
export function refuseOptions(task: string, options: object): void {
  const unknown = unknownOption(options);
  if (unknown !== undefined) {
    const meant = similarTo(unknown, KNOWN);
    throw new StagesError('OPTION_REFUSED', {
      message: `${task} has no option "${unknown}"`,
      hint: meant
        ? `Did you mean "${meant}"?`
        : `docs/reference.md lists its options; leave "${unknown}" out`,
    });
  }
  const missing = NEEDED.find((name) => !(name in options));
  if (missing !== undefined)
    throw new StagesError('OPTION_REFUSED', {
      message: `${task} is not told its ${missing}`,
      hint: `Set "${missing}" in the target's options`,
    });
  const mistyped = mistypedOption(options);
  if (mistyped === undefined) return;
  const { [mistyped]: value } = options as Record<string, unknown>;
  throw new StagesError('OPTION_REFUSED', {
    message: `${task} cannot take ${JSON.stringify(value)} as "${mistyped}"`,
    hint: asItIsGiven(mistyped),
  });
}

function asItIsGiven(name: string): string {
  const properties = schema.properties as Record<string, Property>;
  const { type, examples, default: byDefault } = properties[name]!;
  const written = `"${name}": ${JSON.stringify(examples?.[0] ?? byDefault)}`;
  return type === 'object'
    ? `Type --${name}.NAME=VALUE, or write ${written} into the target's options`
    : `It is written as in ${written}`;
}
