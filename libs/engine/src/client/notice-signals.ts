import { ENDS } from './hold-signals';

/** Whether a signal came that is to end us. What it does is the same as if nobody looked. */
export class SignalNotice {
  private hasCome = false;

  constructor() {
    // Before all others, and off again: execa's own ends us only where nobody else listens.
    for (const signal of ENDS) process.prependOnceListener(signal, this.notice);
  }

  get isSeen(): boolean {
    return this.hasCome;
  }

  close(): void {
    for (const signal of ENDS) process.off(signal, this.notice);
  }

  private readonly notice = (signal: NodeJS.Signals): void => {
    this.hasCome = true;
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  };
}
