import { afterAll, beforeAll } from 'vitest';
import { withLock } from '../engine/lock';

/**
 * Has the suites that share `what` (the images of the tutorial, say) run one after the other, also
 * where two run at a time. To be called first: it is undone last.
 */
export function takeTurns(what: string): void {
  let leave = () => {};
  let left: Promise<void> = Promise.resolve();
  beforeAll(async () => {
    await new Promise<void>((entered, failed) => {
      left = withLock(
        `e2e ${what}`,
        () => {
          entered();
          return new Promise<void>((resolve) => (leave = resolve));
        },
        (pid) => console.log(`${what}: in use by process ${pid}; waiting`),
      );
      left.catch(failed);
    });
  });
  afterAll(async () => {
    leave();
    await left;
  });
}
