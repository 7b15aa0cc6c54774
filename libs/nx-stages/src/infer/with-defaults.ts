/** The text with the defaults of its variables; null where one has none. */
export function withDefaults(text: string): string | null {
  let known = true;
  const result = text.replace(
    /\$\$|\$\{\w+(?:(?<has>:?-)(?<value>[^}]*)|[^}]*)\}|\$\w+/g,
    (match: string, ...rest: unknown[]) => {
      const { has, value = '' } = rest.at(-1) as { has?: string; value?: string };
      if (match === '$$') return '$';
      if (!has) known = false;
      return value;
    },
  );
  return known ? result : null;
}
