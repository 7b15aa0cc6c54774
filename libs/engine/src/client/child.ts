import type { Readable, Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { EngineError } from './error';
import { failureOf } from './failure';
import { holdSignals } from './hold-signals';
import type { Redactor } from './redact';

export interface ChildOptions {
  cwd?: string;
  env?: Record<string, string | undefined>;
  /** Ends the child: SIGTERM, and SIGKILL 5 s later. */
  signal?: AbortSignal;
  timeoutMs?: number;
  input?: Readable | string;
  /**
   * `capture` keeps stdout for the result, `show` passes both streams on to ours as they come,
   * `terminal` gives the child our terminal.
   */
  output?: 'capture' | 'show' | 'terminal';
  /** Gets stdout instead, as a stream of any length. */
  sink?: Writable;
  /** Told what comes on stderr, as it comes. */
  onStderr?: (text: string) => void;
  /** Takes values out of stderr before anybody sees it. Output may not be shown past it. */
  redactor?: Redactor;
  /** Also a status other than 0 is an answer. */
  allowFailure?: boolean;
}

export interface ChildResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** The client of an engine, `docker` or `podman`. */
export interface Client {
  command(args: string[], options?: ChildOptions): Promise<ChildResult>;
}

/** Enough for every message that was ever read; what is older is dropped, so that memory stays flat. */
const KEPT_CHARACTERS = 1_000_000;
const KILL_DELAY_MS = 5_000;

/**
 * Runs a client to its end. It is ended with us: by `signal`, by Ctrl-C, when we exit.
 *
 * @param what what it does, for messages: 'docker load'
 * @throws EngineError `CANCELLED`, `TIMED_OUT`, `NO_ENGINE` when the program is gone, and what `failureOf` names
 */
export async function runChild(
  what: string,
  program: string,
  args: readonly string[],
  options: ChildOptions & { baseEnv: NodeJS.ProcessEnv },
): Promise<ChildResult> {
  // execa is ESM only; a static import of it does not load under tsx's CommonJS loader.
  const { execa } = await import('execa');
  const output = options.output ?? 'capture';
  if (options.signal?.aborted) throw cancelled(what);
  const child = holdSignals(() =>
    execa(program, args, {
      ...(options.cwd && { cwd: options.cwd }),
      env: { ...options.baseEnv, ...options.env },
      extendEnv: false,
      reject: false,
      buffer: { stdout: output === 'capture' && !options.sink, stderr: false },
      maxBuffer: 256 * 1024 * 1024,
      stripFinalNewline: false,
      forceKillAfterDelay: KILL_DELAY_MS,
      ...(options.signal && { cancelSignal: options.signal }),
      ...(options.timeoutMs && { timeout: options.timeoutMs }),
      ...stdioFor(output, options),
    }),
  );
  // What goes wrong on the way in is the cause, whatever the client then makes of half an input.
  let brokenInput: unknown;
  if (typeof options.input === 'object')
    options.input.once('error', (error) => (brokenInput = error));
  let stderr = '';
  const take = (text: string) => {
    if (text === '') return;
    options.onStderr?.(text);
    stderr = (stderr + text).slice(-KEPT_CHARACTERS);
  };
  // A character may be cut in two as a value may.
  const decoder = new StringDecoder('utf8');
  const clear = options.redactor?.stream();
  child.stderr?.on('data', (chunk: Buffer) => {
    const text = decoder.write(chunk);
    take(clear ? clear.add(text) : text);
  });
  const result = await child;
  const last = decoder.end();
  take(clear ? clear.add(last) + clear.end() : last);
  if (result.isCanceled) throw cancelled(what);
  if (result.timedOut) {
    throw new EngineError('TIMED_OUT', {
      message: `${what} did not end within ${(options.timeoutMs ?? 0) / 1000} s`,
      hint: 'Run it again; if it stays so, restart the container engine',
      stderr,
    });
  }
  if (brokenInput !== undefined) throw brokenInput;
  if (result.exitCode === undefined && result.code) {
    throw new EngineError('NO_ENGINE', {
      message: `${program} cannot be started (${result.code})`,
      hint: 'Start Docker or Podman, then run it again',
      cause: result.cause,
    });
  }
  if (result.exitCode !== 0 && !options.allowFailure) {
    throw failureOf(what, { exitCode: result.exitCode, stderr });
  }
  const stdout = typeof result.stdout === 'string' ? result.stdout : '';
  return { exitCode: result.exitCode ?? 1, stdout, stderr };
}

function stdioFor(output: NonNullable<ChildOptions['output']>, options: ChildOptions) {
  if (output === 'terminal')
    return { stdin: 'inherit', stdout: 'inherit', stderr: 'inherit' } as const;
  const { input } = options;
  return {
    ...(input === undefined
      ? { stdin: 'ignore' as const }
      : typeof input === 'string'
        ? { input }
        : { stdin: ['pipe' as const, input] }),
    stdout: options.sink
      ? ['pipe' as const, options.sink]
      : output === 'show'
        ? ['pipe' as const, 'inherit' as const]
        : ('pipe' as const),
    stderr: output === 'show' ? ['pipe' as const, 'inherit' as const] : ('pipe' as const),
  };
}

function cancelled(what: string): EngineError {
  return new EngineError('CANCELLED', { message: `${what} was cancelled`, hint: 'Run it again' });
}
