import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type Base,
  type BasesFile,
  type Engine,
  EngineError,
  type EngineErrorCode,
  type LockFile,
  basesFile,
  ociLayoutContext,
  readBases,
} from '@excel2doc/engine';
import { mirrored } from '@excel2doc/oci';
import { STAND_IN_TAG } from './layout';
import { ensureStandIn } from './stand-in';

/** A registry seldom goes away; one that did not answer may be back after a change of network. */
const REMEMBER_ANSWER_MS = 24 * 3600_000;
const REMEMBER_SILENCE_MS = 10 * 60_000;
const REGISTRY_TIMEOUT_MS = 5_000;

export interface ResolveOptions {
  engine: Engine;
  lock: LockFile;
  references: string[];
  /** The engine's own when left out. */
  platform?: string;
  log: (line: string) => void;
  /** Asks the registry again, whatever is remembered. */
  refresh?: boolean;
  env?: NodeJS.ProcessEnv;
}

/**
 * What stands for each of `references`: the locked image where a registry (or the mirror that
 * NX_STAGES_REGISTRY_MIRROR names) answers, else a stand-in, made when it is missing. The answers are
 * kept in `basesFile()`, and whether a registry answers is remembered for a while.
 *
 * @throws EngineError what `ensureStandIn` throws; `IMAGE_NOT_FOUND` when an unlocked reference is
 *   not in the registry; with a mirror set, `REGISTRY_UNREACHABLE` when it does not answer
 */
export async function resolveBases(options: ResolveOptions): Promise<Base[]> {
  const env = options.env ?? process.env;
  const platform = options.platform ?? options.engine.platform;
  const mirror = (env['NX_STAGES_REGISTRY_MIRROR'] ?? '').replace(/^https?:\/\/|\/+$/g, '');
  const known = await readBases(env);
  const registry =
    !options.refresh && known && isFresh(known.registry, mirror, Date.now())
      ? known.registry
      : await askRegistry(options, mirror);

  const bases: Base[] = [];
  for (const reference of options.references) {
    bases.push(
      registry.answers
        ? await fromRegistry(reference, { ...options, platform, mirror, known })
        : await fromStandIn(reference, { ...options, platform }),
    );
  }
  await remember(bases, platform, registry, env);
  return bases;
}

/** Whether a finding about the registry still counts at `nowMs`. */
export function isFresh(registry: BasesFile['registry'], mirror: string, nowMs: number): boolean {
  const ageMs = nowMs - registry.checkedAtMs;
  const limitMs = registry.answers ? REMEMBER_ANSWER_MS : REMEMBER_SILENCE_MS;
  return registry.mirror === mirror && ageMs >= 0 && ageMs < limitMs;
}

const UNREACHABLE: EngineErrorCode[] = ['REGISTRY_UNREACHABLE', 'DNS_FAILURE', 'TIMED_OUT'];

async function askRegistry(
  { engine, references, log }: ResolveOptions,
  mirror: string,
): Promise<BasesFile['registry']> {
  const [reference = ''] = references;
  const asked = mirrored(reference, mirror);
  try {
    await engine.inspectRemote(asked, { timeoutMs: REGISTRY_TIMEOUT_MS });
    return { mirror, answers: true, checkedAtMs: Date.now() };
  } catch (error) {
    if (!(error instanceof EngineError) || !UNREACHABLE.includes(error.code)) throw error;
    if (mirror) {
      throw new EngineError('REGISTRY_UNREACHABLE', {
        message: `The registry mirror ${mirror} does not answer: ${error.message}`,
        hint: 'Correct NX_STAGES_REGISTRY_MIRROR, or unset it to build on stand-in images',
        cause: error,
      });
    }
    log(`No image registry answers (${error.message}): stand-in base images are used`);
    return { mirror, answers: false, checkedAtMs: Date.now() };
  }
}

async function fromRegistry(
  reference: string,
  options: ResolveOptions & { platform: string; mirror: string; known: BasesFile | undefined },
): Promise<Base> {
  const { engine, lock, platform, mirror } = options;
  const source = mirrored(reference, mirror);
  const locked = lock.images[reference]?.digest;
  const digest = locked ?? (await currentDigest(engine, source));
  if (!locked) options.log(`${reference} is not locked: its current content is used`);
  const namedContext = `docker-image://${withoutTag(source)}@${digest}`;
  return { reference, digest, platform, namedContext, standIn: false };
}

/** A digest is the SHA-256 of the bytes that the registry gives: OCI distribution-spec, "Pulling manifests". */
async function currentDigest(engine: Engine, source: string): Promise<string> {
  const manifest = await engine.inspectRemote(source, { timeoutMs: 4 * REGISTRY_TIMEOUT_MS });
  return `sha256:${createHash('sha256').update(manifest).digest('hex')}`;
}

/** 'host:5000/python:3.12' -> 'host:5000/python' */
export function withoutTag(reference: string): string {
  return reference.replace(/:[^:/@]+$/, '');
}

async function fromStandIn(
  reference: string,
  options: ResolveOptions & { platform: string },
): Promise<Base> {
  const { platform, log } = options;
  const { digest, layoutDir } = await ensureStandIn(reference, { platform, log });
  const namedContext = ociLayoutContext({ dir: layoutDir, tag: STAND_IN_TAG, digest });
  return { reference, digest, platform, namedContext, standIn: true, layoutDir };
}

async function remember(
  bases: Base[],
  platform: string,
  registry: BasesFile['registry'],
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const path = basesFile(env);
  const known = await readBases(env);
  const mine = Object.fromEntries(bases.map((base) => [base.reference, base]));
  const file: BasesFile = {
    format: 1,
    registry,
    platforms: { ...known?.platforms, [platform]: { ...known?.platforms[platform], ...mine } },
  };
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, `${JSON.stringify(file, null, 2)}\n`);
  await rename(unfinished, path);
}
