/**
 * What Nx keys an engine's tests by, beside their sources: the engine that would run them, and the
 * images that stand in for locked ones (git ignores the file that names them). One line.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { locateEngine } from '@excel2doc/engine';
import { workspaceRoot } from '../workspace';
import { enterKnownEnvironment } from './vitest/known-environment.mts';

enterKnownEnvironment({ outside: true });

function standIns(): string {
  try {
    const text = readFileSync(join(workspaceRoot, 'docker/images.local.json'));
    return createHash('sha256').update(text).digest('hex');
  } catch {
    return 'none';
  }
}

void locateEngine().then(
  ({ kind, serverVersion, platform, buildxVersion, store }) =>
    console.log(JSON.stringify([kind, serverVersion, platform, buildxVersion, store, standIns()])),
  // Without an engine its tests fail, and Nx stores no failure.
  () => console.log('none'),
);
