import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, cacheFolder } from '@excel2doc/engine';
import { tried } from '../shell';
import { detectHost } from '../engine/host';
import { withLock } from '../engine/lock';
import { deleteTrees } from '../engine/tree';
import { type HostPart, PROCEDURE, bootstrap, findMmdebstrap, readHostPart } from './bootstrap';
import { writeLayout } from './layout';
import { RECIPES, type Recipe, TEST_RECIPES, configOf, entrypoints } from './recipe';

/** A stand-in that is there, whole. */
export interface StandIn {
  reference: string;
  /** Of the manifest. */
  digest: string;
  /** An OCI layout that holds all its blobs. */
  layoutDir: string;
}

/** `stand-in.json`, beside the layout's own files. */
interface StandInFile {
  format: 1;
  reference: string;
  digest: string;
  /** Of the recipe and of what it takes from the host: another one, and it is made anew. */
  recipe: string;
}

export function basesFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(cacheFolder(env), 'bases');
}

/**
 * 'python:3.12-bookworm', 'linux/amd64' -> 'python-3.12-bookworm/linux-amd64-0123456789ab'. The recipe
 * is in the name because clones of different age share the cache: they must not make and unmake each
 * other's.
 */
export function standInPath(reference: string, platform: string, recipe: string): string {
  const name = reference.replace(/[^\w.-]+/g, '-');
  return join(name, `${platform.replaceAll('/', '-')}-${recipe.slice(0, 12)}`);
}

/** The same for all stand-ins of a process: apt takes its time to tell. */
let readFromHost: Promise<HostPart> | undefined;

/**
 * The stand-in for `reference`; made first where it is missing or its recipe has changed. Two
 * processes that want the same one make it once.
 *
 * @throws EngineError `STAND_IN_FAILED` for a reference without a recipe, for another architecture
 *   than the host's, and when Debian's packages do not install; `NO_MIRROR`, `NO_ROOT`
 */
export async function ensureStandIn(
  reference: string,
  options: { platform: string; folder?: string; log: (line: string) => void },
): Promise<StandIn> {
  const recipe = [...RECIPES, ...TEST_RECIPES].find((each) => each.reference === reference);
  if (!recipe) {
    throw new EngineError('STAND_IN_FAILED', {
      message: `No registry answers, and there is no stand-in for ${reference}`,
      hint: 'Set NX_STAGES_REGISTRY_MIRROR to a registry that answers',
    });
  }
  const folder = options.folder ?? basesFolder();
  const hostPart = await (readFromHost ??= readHostPart());
  const key = await recipeKey(recipe, hostPart);
  const layoutDir = join(folder, standInPath(reference, options.platform, key));
  const found = await readStandIn(layoutDir, key);
  if (found) return found;
  return withLock(
    layoutDir,
    async () => {
      const madeMeanwhile = await readStandIn(layoutDir, key);
      if (madeMeanwhile) return madeMeanwhile;
      return make(recipe, { ...options, folder, layoutDir, hostPart, key });
    },
    (pid) => options.log(`The stand-in for ${reference} is being made by process ${pid}; waiting`),
  );
}

async function make(
  recipe: Recipe,
  options: {
    platform: string;
    folder: string;
    layoutDir: string;
    hostPart: HostPart;
    key: string;
    log: (line: string) => void;
  },
): Promise<StandIn> {
  const start = performance.now();
  const architecture = options.platform.replace('linux/', '');
  await requireOwnArchitecture(recipe, architecture);
  options.log(`Making a stand-in for ${recipe.reference} from Debian ${recipe.release} packages`);
  const host = await detectHost();
  const unfinished = `${options.layoutDir}.unfinished`;
  await deleteTrees([unfinished], host.asRoot);
  const scratch = join(unfinished, 'scratch');
  await mkdir(scratch, { recursive: true });
  const tools = join(options.folder, '.mmdebstrap');
  const mmdebstrap = await withLock(
    tools,
    () => findMmdebstrap(tools, host, options.log),
    () => undefined,
  );
  const tar = join(scratch, 'rootfs.tar');
  const { hostPart, key } = options;
  await bootstrap(recipe, { tar, scratch, architecture }, { host, mmdebstrap, hostPart });
  const digest = await writeLayout(unfinished, tar, { config: configOf(recipe), architecture });
  const file: StandInFile = { format: 1, reference: recipe.reference, digest, recipe: key };
  await writeFile(join(unfinished, 'stand-in.json'), `${JSON.stringify(file, null, 2)}\n`);
  await deleteTrees([scratch], host.asRoot);
  await rm(options.layoutDir, { recursive: true, force: true });
  await rename(unfinished, options.layoutDir);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  options.log(`Stand-in for ${recipe.reference} made (${seconds} s)`);
  return { reference: recipe.reference, digest, layoutDir: options.layoutDir };
}

async function requireOwnArchitecture(recipe: Recipe, architecture: string): Promise<void> {
  const { stdout } = await tried`dpkg --print-architecture`;
  if (stdout.trim() === architecture) return;
  throw new EngineError('STAND_IN_FAILED', {
    message: `The stand-in for ${recipe.reference} can only be made for this host's ${stdout.trim() || process.arch}, not for ${architecture}`,
    hint: 'Build for the own platform, or set NX_STAGES_REGISTRY_MIRROR to a registry that answers',
  });
}

async function readStandIn(layoutDir: string, key: string): Promise<StandIn | undefined> {
  const text = await readFile(join(layoutDir, 'stand-in.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const file = JSON.parse(text) as StandInFile;
  if (file.format !== 1 || file.recipe !== key) return undefined;
  return { reference: file.reference, digest: file.digest, layoutDir };
}

async function recipeKey(recipe: Recipe, hostPart: HostPart): Promise<string> {
  const script = recipe.entrypoint
    ? await readFile(join(entrypoints, recipe.entrypoint), 'utf8')
    : '';
  const parts = JSON.stringify([recipe, configOf(recipe), PROCEDURE, script, hostPart]);
  return createHash('sha256').update(parts).digest('hex');
}
