import { EngineError } from './error';
import { holdSignals } from './hold-signals';

export interface CommandOutput {
  /** A program and its arguments; or one line, for a shell. */
  command: readonly string[] | string;
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** More than this on stdout is no answer. */
  mostBytes: number;
  timeoutMs: number;
}

/** What of its standard error is shown. */
const LINES_TO_SHOW = 8;

/**
 * What a program of the user's prints, a password manager for one. It ends with us: on Ctrl-C and when
 * we exit. Its standard error stands in what is thrown, its output never does.
 *
 * @throws EngineError `COMMAND_FAILED`, `TIMED_OUT`
 */
export async function commandOutput(options: CommandOutput): Promise<Buffer> {
  // execa is ESM only; a static import of it does not load under tsx's CommonJS loader.
  const { execa } = await import('execa');
  const { command, cwd, env, mostBytes, timeoutMs } = options;
  const [program = '', ...args] = typeof command === 'string' ? [command] : command;
  const result = await holdSignals(() =>
    execa(program, args, {
      cwd,
      env,
      extendEnv: false,
      reject: false,
      stdin: 'ignore' as const,
      encoding: 'buffer',
      stripFinalNewline: false,
      shell: typeof command === 'string',
      // Its last lines are shown, and cannot be too many for that.
      maxBuffer: { stdout: mostBytes + 1, stderr: 1_000_000 },
      timeout: timeoutMs,
      forceKillAfterDelay: 2_000,
    }),
  );
  const name = typeof command === 'string' ? 'the shell' : program;
  const said = Buffer.from(result.stderr ?? [])
    .toString()
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .slice(-LINES_TO_SHOW);
  const fail = (what: string, code: 'COMMAND_FAILED' | 'TIMED_OUT' = 'COMMAND_FAILED') => {
    const message = [`${name} ${what}`, ...said].join('\n');
    return new EngineError(code, { message, hint: 'Run it by itself to see what it wants' });
  };
  if (result.timedOut) throw fail(`did not end within ${timeoutMs / 1000} s`, 'TIMED_OUT');
  if (result.isMaxBuffer || (result.stdout?.length ?? 0) > mostBytes)
    throw fail(`printed more than ${mostBytes} bytes`);
  if (result.exitCode === undefined && result.code)
    throw fail(`cannot be started (${result.code})`);
  if (result.isTerminated) throw fail(`was ended by ${result.signal}`);
  if (result.exitCode !== 0) throw fail(`ended with status ${result.exitCode}`);
  return Buffer.from(result.stdout ?? []);
}
