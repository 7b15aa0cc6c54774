import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { ResolvedInstruction, ResolvedRun } from '@excel2doc/dockerfile';
import { kindOf, type MountKind } from './mount-kinds';

type Mount = ResolvedRun['mounts'][number];

/** A cache mount of a stage whose content is kept. */
export interface KeptMount {
  kind: MountKind;
  /** As the Dockerfile has it, its variables substituted. */
  target: string;
  /** The options that find the very same for BuildKit, wherever it is mounted. */
  options: string;
  /** Under which its listings are kept. */
  slot: string;
}

/** Whose mounts they are. */
export interface MountsOf {
  /** Project, Dockerfile and stage. */
  stage: string;
  platform: string;
  /** Of `BUILDKIT_CACHE_MOUNT_NS`: what decides what may lie in a mount that is nobody's store. */
  namespace: string | undefined;
}

/**
 * The cache mounts of a stage that are kept, each once.
 *
 * BuildKit finds a mount by its id, or its target as it is written but clean, by the namespace, and by the folder
 * that uid, gid and mode make for it: these are passed on as they are. One that starts with another
 * stage's files is left alone: it is a mount of its own for each content of these.
 *
 * @param others targets that the workspace wants kept besides the known ones
 * @see moby/buildkit, solver/llbsolver/mounts/mount.go: getRefCacheDir
 */
export function keptMounts(
  instructions: readonly ResolvedInstruction[],
  others: readonly string[],
  of: MountsOf,
): KeptMount[] {
  const found = new Map<string, KeptMount>();
  for (const instruction of instructions) {
    if (instruction.kind !== 'run') continue;
    for (const mount of instruction.mounts) {
      const kept = keptMount(mount, others, of);
      if (kept && !found.has(kept.slot)) found.set(kept.slot, kept);
    }
  }
  return [...found.values()];
}

function keptMount(
  { type, from, source, target, id, rest }: Mount,
  others: readonly string[],
  { stage, platform, namespace }: MountsOf,
): KeptMount | undefined {
  if (type !== 'cache' || from !== undefined || source !== undefined || !target) return undefined;
  const kind = kindOf(target, others);
  const { uid, gid, mode, sharing } = rest;
  const fields = { id: id ?? cleaned(target), uid, gid, mode, sharing };
  const given = Object.entries(fields).filter((each): each is [string, string] => !!each[1]);
  // What would have to be quoted is nobody's default.
  if (!kind || [['', target] as const, ...given].some(([, value]) => !/^[\w./@+:~-]+$/.test(value)))
    return undefined;
  const parted = kind === 'other' ? namespace : undefined;
  const key = JSON.stringify([stage, platform, kind, fields.id, uid, gid, mode, parted]);
  return {
    kind,
    target,
    options: given.map(([name, value]) => `${name}=${value}`).join(','),
    slot: createHash('sha256').update(key).digest('hex').slice(0, 32),
  };
}

/** As Go's path.Clean has it. */
const cleaned = (path: string) => posix.normalize(path).replace(/(.)\/+$/, '$1');
