import { realRegistry } from '@excel2doc/oci/testing/registry';
import { expect, onTestFinished, test, vi } from 'vitest';
import composeUp from './executor';
import { executorContext } from '../../testing/context';
import { testWorkspace } from '@excel2doc/services/testing/workspace';
import { projectContainers } from '@excel2doc/services';

const RUN = 'CMD ["python", "-c", "import time; time.sleep(600)"]\n';

test('an image of another service is pulled where the engine lacks it, or named where no registry has it', async () => {
  const remote = `${await realRegistry()}/other:1`;
  const { engine, root, project, options, image, remove } = await testWorkspace(
    (name) => `services:
  app: { image: '${name}/app:dev', stop_grace_period: 0s }
  other: { image: '${remote}', stop_grace_period: 0s }
`,
  );
  onTestFinished(async () => {
    await remove();
    await engine.removeImage(remote);
  });
  await image('app', 'dev', RUN);
  const up = () =>
    composeUp({ ...options, service: 'app', waitSeconds: 60, tryOut: true }, executorContext(root));

  const said = vi.spyOn(console, 'error').mockReturnValue();
  expect(await up()).toEqual({ success: false });
  expect(said.mock.calls.join()).toContain(remote);
  said.mockRestore();
  expect(await projectContainers(engine, project)).toEqual([]);

  await engine.tag(await image('other', '1', `RUN echo ${project}\n${RUN}`), remote);
  await engine.command(['push', '--quiet', remote]);
  await engine.removeImage(remote);
  expect(await up()).toEqual({ success: true });
  const containers = await projectContainers(engine, project);
  const states = containers.map(({ service, state }) => `${service} ${state}`);
  expect(states).toEqual(['app running', 'other running']);
});
