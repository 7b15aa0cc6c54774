import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../../testing/nx-workspace';

const workspace = new NxWorkspace();

beforeAll(async () => {
  await workspace.start(
    Object.fromEntries(
      ['api', 'web'].flatMap((name) => [
        [`apps/${name}/project.json`, JSON.stringify({ name })],
        [`apps/${name}/Dockerfile`, `FROM scratch AS of-${name}\nCOPY file /\n`],
        [`apps/${name}/file`, name],
      ]),
    ),
  );
}, 240_000);
afterAll(() => workspace.remove());

test.each([['by Nx, which tells none of it'], ['--verbose'], ['--output-style=static']])(
  'what is said of each of several projects is shown once: %s',
  async (how) => {
    const { status, output } = await workspace.nx(
      ...['run-many', '-t', 'docker-explain', ...(how.startsWith('-') ? [how] : [])],
    );
    expect(status, output).toBe(0);
    for (const name of ['api', 'web'])
      expect(output.match(new RegExp(`^build +of-${name} \\(linux/`, 'gm'))).toHaveLength(1);
    const offered = '.nx/workspace-data/docker-live';
    expect(workspace.has(offered) ? workspace.list(offered) : []).toEqual([]);
  },
  240_000,
);
