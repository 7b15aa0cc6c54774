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
    const reason = uncovered(instruction, options.stages) ?? unknownPart(instruction);
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

type Kind = Exclude<Instruction['kind'], 'run' | 'onbuild' | 'other'>;

/** All parts of each instruction that is carried out here. */
const KNOWN: {
  [K in Kind]: Record<Exclude<keyof Extract<Instruction, { kind: K }>, 'kind' | 'line'>, true>;
} = {
  copy: {
    sources: true,
    destination: true,
    from: true,
    chown: true,
    chmod: true,
    link: true,
    exclude: true,
    parents: true,
    heredocs: true,
  },
  add: {
    sources: true,
    destination: true,
    from: true,
    chown: true,
    chmod: true,
    link: true,
    exclude: true,
    parents: true,
    heredocs: true,
    checksum: true,
    keepGitDir: true,
  },
  workdir: { path: true },
  env: { entries: true },
  arg: { entries: true },
  label: { entries: true },
  user: { user: true },
  expose: { ports: true },
  cmd: { command: true },
  entrypoint: { command: true },
  healthcheck: {
    test: true,
    intervalNs: true,
    timeoutNs: true,
    startPeriodNs: true,
    startIntervalNs: true,
    retries: true,
  },
  volume: { paths: true },
  stopsignal: { signal: true },
  shell: { shell: true },
  maintainer: { name: true },
};

/**
 * Instructions fit libs/dockerfile's by their shape alone, and a shape with more in it fits, too: what
 * is not known here would be passed over in silence.
 */
function unknownPart(instruction: Instruction): string | null {
  const { kind, line: _line, ...parts } = instruction;
  const known: object = KNOWN[kind as Kind] ?? {};
  const unknown = Object.entries(parts).find(([name, value]) => value && !(name in known));
  return unknown ? `${kind.toUpperCase()} with ${unknown[0]} is left to BuildKit` : null;
}

function isRemote(source: string): boolean {
  return /^(https?|git|ssh):\/\/|^git@/.test(source);
}
