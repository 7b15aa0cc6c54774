import type { Stage } from '../dockerfile';
import type { DockerfileError } from '../error';
import type { Instruction } from '../instruction/instruction';
import type { PlanInstruction, Reason } from '../plan';
import type { StageSource } from './graph';

/** What one instruction reads, apart from the stage's own file system. */
export type Read =
  | {
      kind: 'copy';
      sources: string[];
      exclude: string[];
      parents: boolean;
      unpack: boolean;
      destination?: string;
    }
  | { kind: 'bind'; source: string; target?: string }
  | { kind: 'stage'; stage: number; paths: string[] | 'all' }
  | { kind: 'image'; reference: string; digest: string | null };

export interface Step {
  instruction: Instruction;
  planned: PlanInstruction;
  reads: Read[];
  /** ARG and ENV names whose value it substitutes. */
  substitutes: Set<string>;
  /** What its words are with their variables substituted; `undefined` where that is not known. */
  values: [word: string, value: string | undefined][];
  wholeContext: Reason[];
  uncacheable: Reason[];
  /** The working directory it runs in; `undefined` when it is the base image's own. */
  cwd: string | undefined;
  /** A shell form runs in a Bourne shell, called with no more than -c. */
  plainShell: boolean;
}

export interface EvaluatedStage {
  stage: Stage;
  base: StageSource;
  /** Of FROM --platform, normalised. */
  platform: string | undefined;
  steps: Step[];
  /** Values of the ARGs that its instructions see, those of its base stages among them. */
  args: Map<string, string>;
  reasons: Pick<Step, 'wholeContext' | 'uncacheable'>;
  /** Why BuildKit refuses to build it; `steps` end before the fault. */
  fault?: DockerfileError;
}
