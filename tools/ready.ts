/** What the targets need and `npm ci` does not bring: an engine, base images, docker/.env. For CI. */
import { ensureEnvironment } from './environment';
import { prepareEngine } from './prepare';
import { runSteps } from './steps';

void runSteps(async () => {
  await prepareEngine();
  ensureEnvironment();
});
