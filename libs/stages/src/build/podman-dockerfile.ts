import type { ResolvedInstruction, StagePlan } from '@excel2doc/dockerfile';
import { withNamespace } from './cache-mounts';
import { bringsContext } from './resting-points';

/** Some of a stage's instructions, by their place in the plan. */
export interface Block {
  /** `run`: RUN and what it sees of ARG, ENV, SHELL and USER. `assembly`: everything else. */
  kind: 'run' | 'assembly';
  from: number;
  /** Not in it. */
  to: number;
}

/** What an engine carries out between two RUNs as we would: it changes nothing but what they see. */
const BETWEEN = new Set(['run', 'arg', 'env', 'shell', 'user']);

/**
 * A stage's instructions as what Podman runs and what is put together here, in turns. The fewer the
 * better: each turn is a load and an export.
 */
export function inBlocks(instructions: readonly ResolvedInstruction[]): Block[] {
  const blocks: Block[] = [];
  for (let from = 0; from < instructions.length;) {
    const run = instructions[from]!.kind === 'run';
    let to = from;
    if (run) while (to < instructions.length && isGoneOnWith(instructions[to]!, to > from)) to++;
    else while (to < instructions.length && instructions[to]!.kind !== 'run') to++;
    // What follows the last RUN of a block needs no engine.
    if (run) while (instructions[to - 1]!.kind !== 'run') to--;
    blocks.push({ kind: run ? 'run' : 'assembly', from, to });
    from = to;
  }
  return blocks;
}

/** Mounted files of the context are new in a block of their own: newer than what was made before. */
function isGoneOnWith(instruction: ResolvedInstruction, hasBegun: boolean): boolean {
  return BETWEEN.has(instruction.kind) && !(hasBegun && bringsContext(instruction));
}

export interface PodmanBase {
  /** A tag, or `scratch`. */
  base: string;
  /** Names that the image sets: they go before arguments of the same name. */
  environment: ReadonlySet<string>;
  /** Of the cache mounts that are not to be shared with other builds. */
  caches?: string;
}

/**
 * The Dockerfile that Podman is given for a block of RUNs. What came before it is in the image that
 * it is FROM, but for the arguments, which no image carries: they stand in front with their values.
 */
export function podmanDockerfile(
  { instructions: written, frontend }: StagePlan,
  resolved: readonly ResolvedInstruction[],
  { from, to }: Block,
  { base, environment, caches }: PodmanBase,
): string {
  const escape = frontend?.escape ?? '\\';
  const args = new Map<string, string>();
  for (const instruction of resolved.slice(0, from)) {
    if (instruction.kind !== 'arg') continue;
    for (const { key, value } of instruction.entries)
      if (value !== undefined && !environment.has(key)) args.set(key, value);
  }
  const quoted = (value: string) => `"${value.replace(/["$\\`]/g, (each) => escape + each)}"`;
  return [
    ...(frontend?.escape ? [`# escape=${frontend.escape}`] : []),
    `FROM ${base}`,
    ...[...args].map(([key, value]) => `ARG ${key}=${quoted(value)}`),
    ...written.slice(from, to).map(({ text }, at) => {
      const step = resolved[from + at];
      if (caches === undefined || step?.kind !== 'run') return text;
      // Refused before where there is none.
      return withNamespace(text, step.mounts, caches)!;
    }),
    '',
  ].join('\n');
}
