import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  IndexCache,
  layoutSource,
  packagesOf,
  readImageRecord,
  type StageOutput,
} from '@excel2doc/oci';
import { readBuiltPlan } from '../plan/explain';
import { BUILD_LOG } from './build-log';
import { readSteps } from './progress';

/** A step of a Dockerfile as BuildKit names it, and how long it took. */
export interface StepTime {
  /** `RUN --mount=type=cache,target=/root/.npm npm ci` */
  step: string;
  seconds: number;
}

/** A path that other stages copy, all its packages in one layer. */
export interface PathInOneLayer {
  /** `/opt/venv` */
  path: string;
  packages: number;
  /** Of what they are, uncompressed. */
  sizeBytes: number;
}

/** What the output of a stage tells of the build that made it, here or where it was restored from. */
export interface LastBuild {
  /** Those that were carried out, not those that BuildKit had in its cache. */
  steps: StepTime[];
  /** Large ones only, and none where the stage has a layer a package already. */
  inOneLayer: PathInOneLayer[];
}

/** Packages that are smaller together are not worth a word. */
const LARGE_BYTES = 10 << 20;

/** @param folder absolute path of the stage's output, which may not be there */
export async function readLastBuild(
  folder: string,
  indexes = new IndexCache(),
): Promise<LastBuild> {
  return { steps: stepTimes(readLog(folder)), inOneLayer: await inOneLayer(folder, indexes) };
}

/** The steps of BuildKit's plain progress that were carried out, in their order. */
export function stepTimes(log: string): StepTime[] {
  return readSteps()(`${log}\n`).flatMap((event) =>
    event.kind === 'ended' ? [{ step: event.step, seconds: event.seconds }] : [],
  );
}

function readLog(folder: string): string {
  try {
    return readFileSync(join(folder, BUILD_LOG), 'utf8');
  } catch {
    return '';
  }
}

async function inOneLayer(folder: string, indexes: IndexCache): Promise<PathInOneLayer[]> {
  const plan: { layering?: string } | null | undefined = await readBuiltPlan(folder);
  if (!plan || plan.layering === 'package') return [];
  const found = new Map<string, PathInOneLayer>();
  for (const platform of await readdir(folder).catch((): string[] => [])) {
    // Not whole, or no image at all: whoever builds next says so.
    const large = await readImageRecord(join(folder, platform))
      .then((output) => largePaths(output, indexes))
      .catch((): PathInOneLayer[] => []);
    for (const each of large) found.set(each.path, each);
  }
  return [...found.values()];
}

async function largePaths(
  { directory, record, layersIn }: StageOutput,
  indexes: IndexCache,
): Promise<PathInOneLayer[]> {
  // What lies elsewhere is not fetched for a word of advice.
  if (layersIn) return [];
  const found: PathInOneLayer[] = [];
  for (const { path, layers } of record.paths ?? []) {
    const layer = record.layers.find(({ digest }) => digest === layers[0]);
    if (layers.length !== 1 || !layer) continue;
    const { entries } = await indexes.read(layer, layoutSource(directory));
    const { count, sizeBytes } = packagesOf(entries);
    if (count > 1 && sizeBytes >= LARGE_BYTES) found.push({ path, packages: count, sizeBytes });
  }
  return found;
}
