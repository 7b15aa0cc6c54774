import type { AddInstruction, CopyInstruction, Instruction } from './instruction';
import { namesSomebody } from './owner';

export type Assemblable = { ok: true } | { ok: false; reason: string; line: number };

export interface AssemblableOptions {
  /** Stages whose outputs are at hand. */
  stages: readonly string[];
  /** `OnBuild` of the image that the stage is FROM; a stage's own does not count. */
  onBuild?: readonly string[];
}

/**
 * Whether a stage can be put together without an engine. The reason is for the user: it says what
 * sends the stage to BuildKit.
 */
export function canAssemble(
  instructions: readonly Instruction[],
  options: AssemblableOptions,
): Assemblable {
  if (options.onBuild?.length) {
    return { ok: false, reason: `its base image has ONBUILD ${options.onBuild[0]}`, line: 0 };
  }
  for (const instruction of instructions) {
    const reason = uncovered(instruction, options.stages);
    if (reason) return { ok: false, reason, line: instruction.line };
  }
  return { ok: true };
}

function uncovered(instruction: Instruction, stages: readonly string[]): string | null {
  switch (instruction.kind) {
    case 'run':
      return 'RUN has to be run';
    case 'onbuild':
      return 'ONBUILD is left to BuildKit';
    case 'other':
      return `${instruction.name} is left to BuildKit`;
    case 'copy':
    case 'add':
      return uncoveredCopy(instruction, stages);
    default:
      return null;
  }
}

function uncoveredCopy(copy: CopyInstruction | AddInstruction, stages: readonly string[]) {
  const name = copy.kind.toUpperCase();
  if (copy.from !== undefined && !stages.includes(copy.from)) {
    return `${name} --from=${copy.from} is no stage of this Dockerfile`;
  }
  if (copy.exclude?.length) return `${name} --exclude is left to BuildKit`;
  if (copy.parents) return `${name} --parents is left to BuildKit`;
  if (copy.chmod !== undefined && !/^0?[0-7]{1,4}$/.test(copy.chmod)) {
    return `${name} --chmod=${copy.chmod} is not octal`;
  }
  if (copy.link && copy.chown && namesSomebody(copy.chown)) {
    return `${name} --link --chown=${copy.chown} looks a name up where there is no image`;
  }
  if (copy.kind !== 'add') return null;
  if (copy.checksum !== undefined) return 'ADD --checksum is left to BuildKit';
  const remote = copy.sources.find(isRemote);
  return remote === undefined ? null : `ADD ${remote} comes from the network`;
}

function isRemote(source: string): boolean {
  return /^(https?|git|ssh):\/\/|^git@/.test(source);
}
