import { FlagProblem } from '../instruction/flags';
import { parseInstruction } from '../instruction/parse';
import type { StagePlan } from '../plan';
import { newestRules } from '../rules';
import { readLines } from '../syntax/lines';
import { resolveInstructions } from './resolve';

/** A secret or an SSH agent that a stage's RUN steps mount. */
export interface PrivateMount {
  kind: 'secret' | 'ssh';
  /** What BuildKit asks for it by. */
  id: string;
  /** Whether a step that mounts it is refused without it. */
  required: boolean;
}

export interface PrivateMounts {
  mounts: PrivateMount[];
  /** A variable decides which one is mounted, or whether one is: it may be any. */
  isOpen: boolean;
}

const NO_MOUNT: PrivateMounts = { mounts: [], isOpen: false };

/**
 * The secrets and SSH agents that a plan's RUN steps mount, each once, sorted by kind and id.
 *
 * @see moby/buildkit, frontend/dockerfile/dockerfile2llb/convert_secrets.go, convert_ssh.go
 */
export function privateMounts(
  plan: Pick<StagePlan, 'frontend' | 'instructions' | 'args'>,
): PrivateMounts {
  // Hardly any step has one, and every plan is asked.
  if (!plan.instructions.some(({ text }) => /--mount/i.test(text))) return NO_MOUNT;
  const resolved = resolvedWithoutBase(plan);
  if (!resolved) return { mounts: [], isOpen: true };
  const found = new Map<string, PrivateMount>();
  let isOpen = false;
  for (const [at, instruction] of resolved.entries()) {
    if (instruction.kind !== 'run') continue;
    const written = writtenMounts(plan, at);
    for (const [index, { type, id, source, target, rest }] of instruction.mounts.entries()) {
      if (isOpenMount(written[index]!)) isOpen = true;
      if (type !== 'secret' && type !== 'ssh') continue;
      const named = source ?? id ?? (type === 'ssh' ? 'default' : lastName(target));
      const key = `${type} ${named}`;
      const required = rest['required'] === 'true' || found.get(key)?.required === true;
      found.set(key, { kind: type, id: named, required });
    }
  }
  const mounts = [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
  return { mounts, isOpen };
}

/** Undefined where an option of a mount makes no sense without what the base image sets. */
function resolvedWithoutBase(plan: Parameters<typeof resolveInstructions>[0]) {
  try {
    return resolveInstructions(plan, {});
  } catch (error) {
    if (error instanceof FlagProblem) return undefined;
    throw error;
  }
}

/** The mounts of a RUN as they stand there, variables and all. */
function writtenMounts(
  { instructions, frontend }: Pick<StagePlan, 'frontend' | 'instructions'>,
  at: number,
) {
  const escape = frontend?.escape ?? '\\';
  const rules = frontend?.rules ?? newestRules;
  const directive = escape === '\\' ? '' : `# escape=${escape}\n`;
  const [line] = readLines(`${directive}${instructions[at]!.text}\n`, 'plan', rules).lines;
  const instruction = parseInstruction(line!, { escape, file: 'plan', rules });
  return instruction.keyword === 'RUN' ? instruction.mounts : [];
}

/** Whether its kind or its name hangs on a variable, which a base image may set. */
function isOpenMount(written: string): boolean {
  return written.includes('$') && /type="?(?:secret|ssh|[^,]*\$)/i.test(written);
}

function lastName(path = ''): string {
  return path.replace(/\/+$/, '').split('/').at(-1) ?? '';
}
