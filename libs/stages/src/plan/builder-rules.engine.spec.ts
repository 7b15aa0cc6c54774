import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';
import type { KeyedPlan } from './make';

let workspace: StagedWorkspace;

beforeAll(async () => {
  workspace = await StagedWorkspace.make();
  await workspace.write('app/d.go', 'of the root');
  await workspace.write('app/sub/d.go', 'of the folder');
});

afterAll(() => workspace.remove());

const planned = async (stage: string) => {
  const path = join(workspace.root, `dist/app/docker/plan/${stage}.json`);
  return (JSON.parse(await readFile(path, 'utf8')) as KeyedPlan).platforms[0]!;
};

test('what two BuildKits read differently is planned as the engine at hand reads it', async ({
  skip,
}) => {
  const { engine } = workspace;
  skip(!engine.serverVersion.startsWith('26.'), 'the rules of this engine are not known');
  const text = [
    'FROM busybox:test AS runner',
    'ARG D=sub F=${D}/d.go',
    'COPY $F /x/',
    'CMD ["busybox", "cat", "/x/d.go"]',
    '',
  ].join('\n');
  await workspace.write('app/Dockerfile', text);
  expect(await workspace.plan()).toMatchObject({ success: true });
  const plan = await planned('runner');
  expect(plan.frontend).toEqual({ rules: 13 });
  expect(plan.files.map(({ path }) => path)).toEqual(['d.go']);
  expect([...plan.wholeContext, ...plan.uncacheable]).toEqual([]);
  expect(await workspace.stage('runner')).toMatchObject({ success: true });
  expect(await workspace.load()).toMatchObject({ success: true });
  const { stdout } = await engine.run({ image: `${workspace.image}:test` });
  expect(stdout).toBe('of the root');
});

test('a Dockerfile that all read alike says nothing of rules in its key', async () => {
  await workspace.dockerfile('echo installed > /etc/installed');
  expect(await workspace.plan()).toMatchObject({ success: true });
  expect((await planned('runner')).frontend).toBeUndefined();
});
