import { EngineError } from '../client/error';
import { SignalNotice } from '../client/notice-signals';

/** Enough for a machine far away that has much to do; who has not said a word by then is taken for gone. */
const ANSWER_MS = 30_000;

/** What the client itself says while it waits for a builder, or starts it; all else is told by that. */
const WAITS = /^#(\d+) \[internal\] (?:waiting for connection|booting buildkit)/;
/** As long as the driver allows: a pod may have to be placed, an image to be pulled. */
const BOOTS = / booting buildkit/;
/** The client's own words on what it does, before and after. */
const CLIENT = '0';

/** Nothing of a build was said before an answer came, so these words are the client's own. */
const UNREACHABLE =
  /\bUnavailable\b|deadline ?exceeded|timed? ?out|connection (?:refused|reset)|error (?:while )?dialing|dial (?:tcp|unix)|no such host|\bx509\b|tls: |handshake|failed to bootstrap|Cannot connect to the Docker daemon|error during connect/i;

/**
 * What a connection that breaks leaves as the last word. A step that fails is quoted in its own
 * (`process "…" did not complete`), so nothing that a step says or is called can look like it.
 */
const BROKEN = /^ERROR: (?:[\w ]+: )*?(?:rpc error: code = Unavailable\b|Unavailable: )/;
/** What a builder that is told to end leaves, as it cancels what it does. */
const ENDED = /^ERROR: .*: context canceled$/;

/**
 * Watches a build by a builder of its own, whether that is there: one that never answers is given up,
 * and what the client says of one that cannot be reached, or goes away, is told from a build that failed.
 */
export class BuilderWatch {
  private readonly signals = new SignalNotice();
  private readonly silent = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  /** The line that has not ended yet. */
  private begun = '';
  /** The client's own steps that it has said to wait in. */
  private readonly waits = new Set<string>();
  private isWaiting = false;
  private hasAnswered = false;

  constructor(
    private readonly name: string,
    private readonly answerMs = ANSWER_MS,
  ) {
    this.timer = setTimeout(() => this.silent.abort(), answerMs);
  }

  /** Aborted where no answer came in time. */
  get signal(): AbortSignal {
    return this.silent.signal;
  }

  /** Told the client's progress as it comes. */
  see(text: string): void {
    if (this.hasAnswered) return;
    const lines = (this.begun + text).split('\n');
    this.begun = lines.pop()!;
    for (const line of lines) this.seeLine(line);
    if (this.hasAnswered) this.endWait();
  }

  private seeLine(line: string): void {
    const [, step, rest] = /^#(\d+) (.*)/.exec(line) ?? [];
    if (step === undefined || step === CLIENT) return;
    if (WAITS.test(line)) this.waits.add(step);
    if (BOOTS.test(line)) this.endWait();
    if (!this.waits.has(step)) this.hasAnswered = true;
    else this.isWaiting = !rest!.startsWith('DONE ');
  }

  /** To be called once the client has ended. */
  stop(): void {
    this.endWait();
    this.signals.close();
  }

  private endWait(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  /** What a build failed of: `BUILDER_GONE` where it is the builder, else the same. */
  failure(error: unknown): unknown {
    if (!(error instanceof EngineError)) return error;
    const why = this.whyGone(error);
    if (why === undefined) return error;
    return new EngineError('BUILDER_GONE', {
      message: `Builder ${this.name} ${why}`,
      hint: `See what \`docker buildx inspect ${this.name}\` says of it`,
      stderr: error.stderr,
      cause: error,
    });
  }

  private whyGone({ code, stderr }: EngineError): string | undefined {
    if (code === 'CANCELLED')
      return this.signal.aborted ? `gave no answer within ${this.answerMs / 1000} s` : undefined;
    // Who ends us may have ended the client, too.
    if (code === 'NO_BUILDER' || this.signals.isSeen) return undefined;
    const last = stderr.split(/\r?\n/).findLast((line) => line.startsWith('ERROR: ')) ?? '';
    if (this.hasAnswered)
      return BROKEN.test(last) || ENDED.test(last) ? 'went away in the middle' : undefined;
    const isGone = this.isWaiting ? last !== '' : UNREACHABLE.test(last);
    return isGone ? `cannot be reached: ${causeIn(last)}` : undefined;
  }
}

/** Of an error that wraps others, the innermost. */
function causeIn(line: string): string {
  const inner = line
    .replace(/^ERROR: /, '')
    .split('desc = ')
    .at(-1)!;
  return inner.replaceAll('"', '').trim();
}
