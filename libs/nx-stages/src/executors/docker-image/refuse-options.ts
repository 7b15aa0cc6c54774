import { similarTo } from '@excel2doc/dockerfile';
import { StagesError } from '@excel2doc/stages';
import schema from './schema.json';

/** What Nx adds with `--verbose`, to options whose schema allows others. */
const OF_NX = ['verbose'];
const KNOWN = Object.keys(schema.properties);
const NEEDED = ['stage', 'dockerfile', 'context'];

/** The first option that the executor does not have. */
export function unknownOption(options: object): string | undefined {
  return Object.keys(options).find((name) => ![...KNOWN, ...OF_NX].includes(name));
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
  if (missing === undefined) return;
  throw new StagesError('OPTION_REFUSED', {
    message: `${task} is not told its ${missing}`,
    hint: `Set "${missing}" in the target's options`,
  });
}
