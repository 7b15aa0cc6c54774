import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Base, Engine } from '@excel2doc/engine';
import { workspaceLock } from './bases/lock';
import { resolveBases } from './bases/resolve';
import { ensureEngine } from './engine/private-engine';
import { step } from './steps';
import { workspaceRoot } from './workspace';

const dockerFolder = join(workspaceRoot, 'docker');

/**
 * An engine that answers, and base images for it: locked ones where a registry answers, stand-ins
 * where none does. What stands in is written to docker/images.local.json, which the plugin reads.
 */
export async function prepareEngine(): Promise<Engine> {
  const engine = await step('container engine', (log) => ensureEngine({ log }));
  console.log(`  ${engine.kind} engine, Docker ${engine.serverVersion}, ${engine.platform}`);
  await step('base images', async (log) => {
    const lock = await workspaceLock();
    const references = Object.keys(lock.images);
    const bases = await resolveBases({ engine, lock, references, log });
    writeLocalImages(bases.filter(({ standIn }) => standIn));
    const standIns = bases.filter(({ standIn }) => standIn).map(({ reference }) => reference);
    if (standIns.length > 0)
      console.log(`  no registry answers; stand-ins for ${standIns.join(', ')}`);
  });
  return engine;
}

function writeLocalImages(bases: Base[]): void {
  const images = Object.fromEntries(
    bases.map(({ reference, platform, digest, layoutDir }) => [
      reference,
      { [platform]: { digest, layoutDir, tag: `excel2doc/stand-in/${reference}` } },
    ]),
  );
  const file = join(dockerFolder, 'images.local.json');
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify({ format: 1, images }, undefined, 2)}\n`);
  renameSync(temporary, file);
}
