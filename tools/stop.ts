/** `npm run stop`: no container stays; the data does. `--keep-engine` leaves the engine running. */
import { existsSync } from 'node:fs';
import { locateEngine } from '@excel2doc/engine';
import { stopPrivateEngine } from './engine/private-engine';
import { environmentFile } from './environment';
import { nx, runSteps, step } from './steps';

void runSteps(async () => {
  const engine = await locateEngine().catch(() => undefined);
  if (!engine) {
    console.log('✓ no engine runs, so nothing of ours does');
    return;
  }
  if (existsSync(environmentFile)) {
    await step('taking the services down', (log) =>
      nx('stop', ['run', 'backend:compose-down'], log),
    );
  }
  if (engine.kind !== 'private' || process.argv.includes('--keep-engine')) return;
  // Every clone shares it: what another one runs must not be stopped.
  const { stdout } = await engine.command(['ps', '--quiet']);
  if (stdout.trim()) {
    console.log('  the private engine goes on: other containers run in it');
    return;
  }
  await step('stopping the private engine', (log) => stopPrivateEngine({ log }));
});
