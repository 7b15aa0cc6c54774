import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** A run of Nx that goes on. */
export class RunningNx {
  private text = '';
  private from = 0;
  private readonly end: Promise<number>;

  constructor(private readonly child: ChildProcessWithoutNullStreams) {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
    this.end = new Promise((resolve) =>
      child.once('close', (code, signal) => resolve(code ?? (signal ? -1 : 0))),
    );
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** What was said since the last line that was waited for. */
  get rest(): string {
    return this.text.slice(this.from);
  }

  /** Waits for a line; what stood before it is passed over. */
  async line(pattern: RegExp, timeoutMs = 60_000): Promise<string> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const whole = this.text.slice(this.from, this.text.lastIndexOf('\n') + 1);
      let at = this.from;
      for (const line of whole.split('\n')) {
        at += line.length + 1;
        if (!pattern.test(line)) continue;
        this.from = at;
        return line;
      }
      if (Date.now() > until || this.hasEnded)
        throw new Error(`no line ${pattern} in:\n${this.rest}`);
      await sleep(20);
    }
  }

  /** All that it said since the last line that was waited for, when it has ended by itself. */
  async ended(timeoutMs: number): Promise<string> {
    const late = setTimeout(() => void this.interrupt(), timeoutMs);
    await this.end;
    clearTimeout(late);
    return this.rest;
  }

  /** As Ctrl-C does; how it ended, as soon as nothing of it is left. */
  async interrupt(): Promise<number> {
    if (!this.hasEnded) process.kill(-this.pid, 'SIGINT');
    const status = await this.end;
    while (this.hasProcesses()) await sleep(20);
    return status;
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private hasProcesses(): boolean {
    try {
      process.kill(-this.pid, 0);
      return true;
    } catch {
      return false;
    }
  }
}
