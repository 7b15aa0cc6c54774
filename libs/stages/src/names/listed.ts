/** A list, also where a hasher sees it as it was typed: on a command line Nx parts one at each comma. */
export function listed(value: readonly string[] | string | undefined): readonly string[] {
  return typeof value === 'string' ? value.split(',') : (value ?? []);
}
