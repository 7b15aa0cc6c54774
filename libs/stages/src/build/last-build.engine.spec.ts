import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';
import { readLastBuild } from './last-build';

let workspace: StagedWorkspace;
const folder = () => dirname(workspace.folder('builder'));

beforeAll(async () => {
  workspace = await StagedWorkspace.make();
  await workspace.write(
    'app/Dockerfile',
    `FROM busybox:test AS builder
COPY venv /opt/venv
RUN sleep 1 && chmod 0755 /opt/venv
FROM busybox:test AS runner
COPY --from=builder /opt/venv /opt/venv
CMD ["true"]
`,
  );
  for (const name of ['one', 'two']) {
    const site = 'app/venv/lib/python3.12/site-packages';
    await workspace.write(`${site}/${name}/__init__.py`, '');
    await workspace.write(`${site}/${name}-1.0.dist-info/RECORD`, `${name}/__init__.py,,\n`);
    await writeFile(join(workspace.root, site, name, 'data.bin'), randomBytes(6 << 20));
  }
});

afterAll(() => workspace.remove());

async function build(layering: 'package' | 'stage'): Promise<void> {
  const planned = await workspace.plan({ layering });
  const { success, text } = planned.success
    ? await workspace.stage('builder', { layering })
    : planned;
  if (!success) throw new Error(text);
}

test('a stage that was never built tells nothing', async () => {
  expect(await readLastBuild(folder())).toEqual({ steps: [], inOneLayer: [] });
});

test('a stage tells how long its steps took, and what is one layer', async () => {
  await build('stage');
  const { steps, inOneLayer } = await readLastBuild(folder());
  const run = steps.filter(({ step }) => step.startsWith('RUN sleep'));
  expect(run).toHaveLength(1);
  expect(run[0]?.seconds).toBeGreaterThanOrEqual(1);
  expect(inOneLayer).toEqual([
    { path: '/opt/venv', packages: 2, sizeBytes: expect.toSatisfy((n: number) => n >= 12 << 20) },
  ]);
});

test('what has a layer a package is no advice', async () => {
  await build('package');
  expect((await readLastBuild(folder())).inOneLayer).toEqual([]);
});

test('a plan that is none is no advice, and no fault', async () => {
  await writeFile(join(folder(), 'plan.json'), 'null');
  expect((await readLastBuild(folder())).inOneLayer).toEqual([]);
});

test('an output that is not whole is none', async () => {
  await build('stage');
  expect((await readLastBuild(folder())).inOneLayer).toHaveLength(1);
  await rm(join(workspace.folder('builder'), 'image.json'));
  expect((await readLastBuild(folder())).inOneLayer).toEqual([]);
});
