import { createInterface } from 'node:readline/promises';
import { StagesError } from './fault';

/**
 * Goes on only when the user has typed `name`, or has given it as an option.
 *
 * @param loss what will be gone: 'the volumes a and b'
 * @throws StagesError `NOT_CONFIRMED`; without a terminal, where nobody can be asked, at once.
 */
export async function confirmByName(
  loss: string,
  name: string,
  given: string | undefined,
): Promise<void> {
  const typed = given ?? (process.stdin.isTTY ? await ask(loss, name) : undefined);
  if (typed === name) return;
  throw new StagesError('NOT_CONFIRMED', {
    message: `${loss} would be lost; nothing was done`,
    hint: `Say so by name: --confirm=${name}`,
  });
}

async function ask(loss: string, name: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await terminal.question(`${loss} will be lost. Type ${name} to go on: `)).trim();
  } finally {
    terminal.close();
  }
}
