export interface CommandResult {
  exitCode: number | undefined;
  stdout: string;
  /** stdout and stderr as they came. */
  all: string;
}

/**
 * Runs a system program (never docker: libs/engine does that) to its end. With `reject: false` a
 * status other than 0 is the caller's to judge.
 */
export async function command(
  words: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; reject?: boolean } = {},
): Promise<CommandResult> {
  // execa is ESM only; a static import of it does not load under tsx's CommonJS loader.
  const { execa } = await import('execa');
  const [program = '', ...args] = words;
  const result = await execa(program, args, { ...options, stdin: 'ignore', all: true });
  return { exitCode: result.exitCode, stdout: result.stdout, all: result.all };
}
