/** What `action` gives; undefined, and one line that names `file`, where that cannot be read. */
export function attempt<T>(file: string, action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    const { message } = error as Error;
    warn(message.includes(file) ? message : `${file}: ${message}`);
    return undefined;
  }
}

export function warn(line: string): void {
  // On standard error: what `nx show --json` prints has to stay JSON.
  // eslint-disable-next-line no-console
  console.warn(`@excel2doc/nx-stages: ${line}`);
}
