/** Runs `execIn` for a Compose project in a process of its own: for a test that has a terminal. */
import { locateEngine } from '@excel2doc/engine';
import { execIn } from '../compose/exec';

const [file = '', project = '', service = '', shell = '', ...command] = process.argv.slice(2);

void (async () => {
  const compose = (await locateEngine()).compose({ files: [file], project });
  try {
    await execIn(compose, service, command, 'it', { shell: shell === 'shell' });
    process.stdout.write('no failure\n');
  } catch (error) {
    process.stdout.write(`failure: ${(error as Error).message}\n`);
  }
})();
