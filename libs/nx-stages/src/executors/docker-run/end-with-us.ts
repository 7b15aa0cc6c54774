import type { Afterwards, Engine } from '@excel2doc/engine';

/** The last one is that of an Nx which was killed: what it forked lives on, and is told nothing. */
const ENDS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const;
const GRACE_S = 10;

/** Ends a container when we end, however that comes about: Ctrl-C, Nx that no longer needs it, kill -9. */
export class EndWithUs {
  private asked = false;

  private constructor(private readonly stopping: Afterwards) {
    for (const event of ENDS) process.on(event, this.stop);
  }

  /** @param label of that container alone: one of its name may be somebody else's */
  static async start(
    engine: Pick<Engine, 'removeAfterwards'>,
    label: string,
    { keep }: { keep: boolean },
  ): Promise<EndWithUs> {
    return new EndWithUs(await engine.removeAfterwards(label, { graceS: GRACE_S, keep }));
  }

  /** Whether somebody asked for the end: then its status is no failure. */
  get isAsked(): boolean {
    return this.asked;
  }

  /** To be called once the client has ended; until the container has, where somebody asked for it. */
  async done(): Promise<void> {
    for (const event of ENDS) process.off(event, this.stop);
    // Else the client has seen it end, and what waits looks once more when we are gone.
    if (this.asked) await this.stopping.run();
  }

  private readonly stop = (): void => {
    this.asked = true;
    // Its client passes the signal on, but a program may not heed it.
    void this.stopping.run();
  };
}
