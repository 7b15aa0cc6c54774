import { EngineError } from '@excel2doc/engine';
import { ensureEngine } from '../engine/private-engine';
import { workspaceLock } from './lock';
import { provideImage } from './provide';
import { resolveBases } from './resolve';

const log = (line: string) => console.error(line);

/**
 * Resolves the base images that are named, or else all that are locked; with `--load`, has those that
 * Compose runs in the engine as well.
 */
async function main(words: string[]): Promise<void> {
  const engine = await ensureEngine({ log });
  const lock = await workspaceLock();
  const named = words.filter((word) => !word.startsWith('-'));
  const references = named.length > 0 ? named : Object.keys(lock.images);
  const refresh = words.includes('--refresh');
  const bases = await resolveBases({ engine, lock, references, log, refresh });
  console.log(JSON.stringify(bases, null, 2));
  if (!words.includes('--load')) return;
  for (const base of bases) {
    if (!base.reference.startsWith('python:')) await provideImage(engine, base, log);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof EngineError)) throw error;
  console.error(`${error.message}\n${error.hint}`);
  if (process.argv.includes('--verbose')) console.error(error.stderr);
  process.exitCode = 1;
});
