import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureStandIn, type StandIn } from '../../bases/stand-in';
import { makeUserWorkspace } from '../loop-workspace';
import type { Language } from './language';
import { nameOf } from './runner';

/** Base images from Debian's packages, made where they are missing. */
export async function standIns(
  languages: readonly Language[],
  platform: string,
  log: (line: string) => void,
): Promise<StandIn[]> {
  const references = new Set(languages.flatMap(({ bases }) => bases));
  const found: StandIn[] = [];
  for (const reference of references) found.push(await ensureStandIn(reference, { platform, log }));
  return found;
}

/** A user's workspace without projects, whose base images this machine has as layouts. */
export function makeRoot(folder: string, platform: string, bases: readonly StandIn[]): string {
  const root = join(folder, 'workspace');
  mkdirSync(root);
  const of = (value: (base: StandIn) => object) =>
    JSON.stringify({
      format: 1,
      images: Object.fromEntries(bases.map((base) => [base.reference, value(base)])),
    });
  makeUserWorkspace(root, {}, () => {
    const local = of(({ digest, layoutDir, reference }) => ({
      [platform]: { digest, layoutDir, tag: nameOf(reference) },
    }));
    writeFileSync(join(root, 'docker/images.local.json'), local);
    const locked = of(({ digest }) => ({ digest, onbuild: [] }));
    writeFileSync(join(root, 'docker/images.lock.json'), locked);
  });
  return root;
}
