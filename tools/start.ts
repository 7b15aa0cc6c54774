/** `npm start`: from whatever state the checkout and the machine are in to a healthy backend. */
import { ensureEnvironment, readEnvironment } from './environment';
import { prepareEngine } from './prepare';
import { nx, runSteps, step } from './steps';

void runSteps(async () => {
  await prepareEngine();
  const written = ensureEnvironment();
  if (written) console.log(`✓ ${written}`);
  await step('building the images and bringing the services up', (log) =>
    nx('start', ['run', 'backend:compose-up'], log),
  );
  const { BACKEND_PORT = '8000', COMPOSE_PROJECT_NAME = 'excel2doc' } = await readEnvironment();
  const address = `http://localhost:${BACKEND_PORT}`;
  console.log(`
The backend is up:
  API docs  ${address}/docs
  health    ${address}/health
  project   ${COMPOSE_PROJECT_NAME}: the name of this checkout's containers and volumes

What one needs next:
  npx nx run backend:compose-logs     follow what it does
  npx nx run backend:compose-up       after a change: build and replace what changed
  npm run stop                        take it all down, data stays`);
});
