/**
 * The arguments that are for the command, less the options before them that are the executor's own:
 * Nx hands over all that stands behind the target, and drops the `--` between the two.
 *
 * @param own names of the executor's options
 */
export function commandArguments(given: readonly string[] = [], own: readonly string[]): string[] {
  const first = given.findIndex(
    (each) => !own.includes(/^--(?:no-)?([\w-]+)/.exec(each)?.[1] ?? ''),
  );
  return first < 0 ? [] : given.slice(first);
}
