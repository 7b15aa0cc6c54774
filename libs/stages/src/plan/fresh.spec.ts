import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serialisePlan } from '@excel2doc/dockerfile';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DockerProject } from '../workspace/docker-project';
import { makePlans } from './make';

const FILE = 'app/Dockerfile';
const BASE = { digest: `sha256:${'1'.repeat(64)}`, onbuild: [] };
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fresh-'));
  mkdirSync(join(root, 'app'));
  writeFileSync(join(root, 'app/main'), '');
  writeFileSync(
    join(root, FILE),
    `FROM base:1 AS ran
RUN update
FROM base:1 AS copied
COPY main /
FROM ran AS above
COPY main /
FROM scratch
COPY --from=ran /a /
COPY --from=copied /main /
COPY --from=above /main /
`,
  );
});
afterEach(() => rmSync(root, { recursive: true }));

/** The text that stands in each stage's key, by stage. */
async function keyed(fresh?: Record<string, string>): Promise<Record<string, string>> {
  writeFileSync(
    join(root, 'lock.json'),
    JSON.stringify({ format: 1, images: { 'base:1': BASE }, ...(fresh && { fresh }) }),
  );
  const { plans } = await makePlans(
    new DockerProject(
      { root, name: 'app', folder: 'app' },
      { dockerfile: FILE, context: 'app', lockFile: 'lock.json', platforms: ['linux/amd64'] },
    ),
  );
  return Object.fromEntries(plans.map((plan) => [plan.stage, serialisePlan(plan)]));
}

test('a workspace that never asked for fresh images has the keys that it had', async () => {
  const before = await keyed();
  expect(Object.values(before).join('')).not.toContain('fresh');
  expect(await keyed({})).toEqual(before);
  expect(await keyed({ 'other/Dockerfile': '2026-11-27T00:00:00.000Z' })).toEqual(before);
});

test('what is fresh is in the keys of the stages that run something, and of no others', async () => {
  const before = await keyed();
  const one = await keyed({ [FILE]: '2026-11-20T00:00:00.000Z' });
  const other = await keyed({ [FILE]: '2026-11-27T00:00:00.000Z' });
  const changed = (a: typeof before, b: typeof before) =>
    Object.keys(a).filter((stage) => a[stage] !== b[stage]);
  // What `ran` hands on, as paths, is its steps as well.
  expect(changed(before, one)).toEqual(['ran', ...stagesWithRun(before).slice(1)]);
  expect(changed(one, other)).toEqual(changed(before, one));
  expect(stagesWithRun(before)).not.toContain('copied');
});

/** Those whose own instructions have a RUN. */
function stagesWithRun(plans: Record<string, string>): string[] {
  return Object.keys(plans).filter((stage) => plans[stage]!.includes('"keyword": "RUN"'));
}
