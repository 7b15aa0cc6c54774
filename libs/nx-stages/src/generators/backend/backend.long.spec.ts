// Takes 90 s.
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ScratchProject, scratchProject } from '../../testing/scratch-project';
import type { Framework } from './frameworks';
import generate from './generator';

/** All three, not just the first: each installs its packages, twice. */
const frameworks: Framework[] =
  process.env['BUILD_ALL'] === 'true' ? ['fastapi', 'django', 'flask'] : ['fastapi'];

// Packages are downloaded and installed: minutes on a busy machine.
vi.setConfig({ testTimeout: 1_500_000, hookTimeout: 120_000 });

let project: ScratchProject;
beforeEach(async () => (project = await scratchProject()));
afterEach(() => project.remove());

test.each(frameworks)('the tests of a %s backend pass in its own image', async (framework) => {
  const tree = createTreeWithEmptyWorkspace();
  generate(tree, { name: project.name, directory: 'app', framework });
  const written = tree.listChanges().filter(({ path }) => path.startsWith('app/'));
  await project.write(
    Object.fromEntries(written.map(({ path, content }) => [path, String(content)])),
  );
  await project.run('docker-build');
  const { stdout } = await project.engine.run({
    image: `${project.name}:dev`,
    network: 'none',
    command: ['python', '-c', 'import os, shutil; print(os.getuid(), shutil.which("gcc"))'],
  });
  expect(stdout.trim()).toBe('10001 None');
  // pytest in the test image, against PostgreSQL and Redis; it throws when a test fails.
  await project.run('test');
  await project.run('lint');
});
