import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { ResolvedInstruction, ResolvedRun, StagePlan } from '@excel2doc/dockerfile';

type Mount = ResolvedRun['mounts'][number];

/**
 * Folders that hold downloads, or results that are found by what they are made of. What lies there is
 * asked for by name or digest; its age decides nothing.
 */
const BY_CONTENT = [
  ...['.cache', '.npm', '.m2', '.gradle', '.nuget', '.cargo', '.bun', '.yarn', '.pnpm-store'],
  ...['cargo/registry', 'cargo/git', 'pkg/mod', 'go-build', 'pnpm/store', 'share/pnpm'],
  ...[
    'cache/apt',
    'lib/apt',
    'cache/apk',
    'cache/dnf',
    'cache/yum',
    'cache/libdnf5',
    'etc/apk/cache',
  ],
  ...['composer/cache', '.composer', '.bundle', 'ccache', '.ccache', 'sccache', '.next/cache'],
  ...['.nx', '.turbo', '.parcel-cache', 'pip', 'uv', 'poetry', 'pypoetry', 'npm', 'yarn', 'pnpm'],
];

/**
 * Whether a RUN has a cache mount in which a tool may keep what it made of sources, and tell by their
 * time whether it is still right: make, Ninja, Cargo and javac do so. What comes from layers has times
 * that stand for their content, so a changed source there would look older than what was made before.
 */
export function keepsOutputs(instructions: readonly ResolvedInstruction[]): boolean {
  return instructions.some(keeps);
}

const keeps = (instruction: ResolvedInstruction) =>
  instruction.kind === 'run' && instruction.mounts.some(isKept);

const isKept = ({ type, target = '' }: Mount) => type === 'cache' && !isByContent(target);

function isByContent(target: string): boolean {
  const path = `${posix.normalize(`/${target}`)}/`;
  return BY_CONTENT.some((folder) => path.includes(`/${folder}/`));
}

/** What of a stage's build decides which cache mounts it may share. */
export interface Shared {
  plan: StagePlan;
  instructions: readonly ResolvedInstruction[];
  /** The digests of the stages that it is built on, mounts, and takes files from. */
  stages: Record<string, string>;
  fresh: string | undefined;
}

/**
 * A name for the cache mounts of a stage that `keepsOutputs`: whatever may meet what lies in them and
 * is not made new by time is in it. New are, at each build, the files of the context that the last
 * COPY brings, or a RUN mounts. Those of layers are not, nor is a COPY that the builder has done
 * before: with other ones the tool starts anew.
 */
export function cacheNamespace({ plan, instructions, stages, fresh }: Shared): string {
  const { platform, base, args, frontend } = plan;
  const before = instructions.slice(0, instructions.findLastIndex(keeps) + 1);
  const texts = plan.instructions.slice(0, before.length).map(({ text }) => text);
  const files = plan.files.filter(isCopiedBefore(before));
  const parts = [platform, base, args, frontend, texts, files, plan.images, stages, fresh];
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return `nx-stages-${hash.slice(0, 16)}`;
}

/** By the part of a source that stands before its first wildcard: more files than it may be. */
function isCopiedBefore(instructions: readonly ResolvedInstruction[]) {
  const starts = instructions
    .flatMap((each) =>
      (each.kind === 'copy' || each.kind === 'add') && !each.from && each.sources.length > 0
        ? [each.sources.map((source) => literal(source))]
        : [],
    )
    .slice(0, -1)
    .flat();
  return ({ path }: { path: string }) => starts.some((start) => path.startsWith(start));
}

/**
 * A RUN with other cache mounts than another namespace's has: for who cannot be told of one.
 *
 * @param text in normal form
 * @returns undefined where a mount is written with quotes, which no builder but BuildKit reads so
 */
export function withNamespace(
  text: string,
  mounts: readonly Mount[],
  namespace: string,
): string | undefined {
  const flags = /^RUN(?:\s+--\S+)*/i.exec(text)?.[0] ?? '';
  let at = 0;
  const parted = flags.replace(/--mount=(\S+)/gi, (flag) => {
    const mount = mounts[at++];
    if (!mount || !isKept(mount)) return flag;
    const name = createHash('sha256').update(`${namespace} ${mount.id ?? mount.target}`);
    return `${flag},id=nx-stages-${name.digest('hex').slice(0, 16)}`;
  });
  return at === mounts.length && !/["'\\`]/.test(flags)
    ? parted + text.slice(flags.length)
    : undefined;
}

const literal = (source: string) =>
  posix.normalize(`/${/^[^*?[\\]*/.exec(source)![0]}`).replace(/^\/+|\/+$/g, '');
