import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeImages } from '../image';
import { changedStandIn, makeStandIn, type StandIn } from '../package/base';
import { type LocalRegistry, startRegistry } from '../package/registry';
import { publishPackage, userEnvironment } from '../package/workspace';
import { type Edit, NEW_BASE } from './edits';
import { type Followed, Trial } from './trial';
import { EDGES } from './workspace';

const expected = ({ affects, makes, isUnseen }: Edit) => ({
  affected: isUnseen ? [] : [...affects, 'audit'].sort(),
  made: makes,
});

/**
 * Makes every edit in a workspace with the packaged plugin. What `nx affected` names and what a run of
 * all images makes has to be exactly what the table says, and every image, built again or not, what
 * BuildKit makes of a clean checkout of that commit.
 */
export function testTable(nxVersion: string, edits: readonly Edit[]): void {
  const scratch = mkdtempSync(join(tmpdir(), 'nx-stages-acme-'));
  const prefix = `acme-${randomBytes(4).toString('hex')}`;
  const all = [...edits, NEW_BASE];
  const followed = new Map<Edit, Followed>();
  let engine: Engine;
  let registry: LocalRegistry | undefined;
  let standIn: StandIn;
  let trial: Trial;

  beforeAll(async () => {
    engine = await locateEngine();
    standIn = await makeStandIn(engine, join(scratch, 'stand-in'));
    registry = await startRegistry(join(scratch, 'verdaccio'));
    await publishPackage(registry, join(scratch, 'package'));
    const env = userEnvironment(registry.npmrc);
    trial = new Trial(engine, standIn, { folder: scratch, env, prefix });
    await trial.start(nxVersion);
  });

  afterAll(async () => {
    await Promise.allSettled([...followed.values()].map(({ plain }) => plain));
    registry?.stop();
    await removeImages(engine, `${prefix}/*`);
    rmSync(scratch, { recursive: true, force: true });
  });

  test('the graph shows every edge', async () => {
    expect(await trial.acme.edges()).toEqual(EDGES);
  });

  const makes = (edit: Edit) =>
    test(`${edit.name}: affects and makes what the table says`, async () => {
      if (edit === NEW_BASE)
        trial.takeBase('nginx:alpine', await changedStandIn(standIn, join(scratch, 'changed')));
      const result = await trial.follow(edit);
      followed.set(edit, result);
      const { affected, made } = result;
      expect({ affected, made }).toEqual(expected(edit));
    });
  const holds = (edit: Edit) =>
    test(`${edit.name}: all images hold what BuildKit puts into them`, async () => {
      const { ours, plain } = followed.get(edit)!;
      expect(ours).toEqual(await plain);
    });
  // BuildKit has the time of the next edit.
  for (const [at, edit] of all.entries()) {
    makes(edit);
    if (at > 0) holds(all[at - 1]!);
  }
  holds(NEW_BASE);
}
