/** Those on which execa ends what it has started, and then us. */
export const ENDS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Starts a program that is to end with us. Between its start and the moment at which execa listens, a
 * signal would end us alone and leave it behind: it is held until then, and execa hears of it.
 *
 * @param start calls execa; nothing in it waits
 */
export function holdSignals<T>(start: () => T): T {
  const held = () => undefined;
  for (const signal of ENDS) process.on(signal, held);
  try {
    return start();
  } finally {
    for (const signal of ENDS) process.off(signal, held);
  }
}
