import { commandOutput, EngineError } from '@excel2doc/engine';
import { StagesError } from '@excel2doc/stages';

const MOST_BYTES = 20_000_000;
const TIMEOUT_MS = 300_000;

/** What cosign printed, or why it refused: the line of its own that says so. */
export type CosignAnswer = { ok: true; output: string } | { ok: false; why: string };

/**
 * Asks cosign, the program of Sigstore, as it stands in the PATH or as COSIGN names it.
 *
 * @throws StagesError `SIGNING_FAILED` where there is none
 */
export async function cosign(
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<CosignAnswer> {
  const program = env['COSIGN'] || 'cosign';
  try {
    const output = await commandOutput({
      command: [program, ...args],
      cwd: process.cwd(),
      env,
      mostBytes: MOST_BYTES,
      timeoutMs: TIMEOUT_MS,
    });
    return { ok: true, output: output.toString() };
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause;
    const [first = '', ...lines] = cause.message.split('\n');
    if (!first.includes('cannot be started')) return { ok: false, why: reasonIn(first, lines) };
    throw new StagesError('SIGNING_FAILED', {
      message: `${program} is not on this machine: images are signed and verified with it`,
      hint: 'Install cosign 3 (https://docs.sigstore.dev/cosign), or name it: COSIGN=PATH',
      cause,
    });
  }
}

/** It says why in lines that begin with `Error:` or `error during command execution:`, among others. */
function reasonIn(first: string, lines: string[]): string {
  const said = lines.find((line) => /^error/i.test(line)) ?? lines.at(-1) ?? first;
  return said.replace(/^(main\.go:\d+: )?error( during command execution)?: /i, '').trim();
}
