import type { Keyword } from './instruction/keyword';
import type { RuleSet } from './rules';

/** The format of plan/<stage>.json. It changes whenever a plan of the same input would. */
export const PLAN_FORMAT = 1;

/** One stage, for every requested platform: the content of plan/<stage>.json. */
export interface StagePlanFile {
  format: typeof PLAN_FORMAT;
  stage: string;
  platforms: StagePlan[];
}

export interface StagePlan {
  /** `linux/amd64` */
  platform: string;
  output: StageOutput;
  base: StageBase;
  /**
   * Own instructions, normalised, FROM left out (it is `base`). Where `output` is paths, those of
   * its FROM ancestors stand in front, and `base` is the first ancestor's.
   */
  instructions: PlanInstruction[];
  /** Values of the build arguments that it sees and uses. */
  args: Record<string, string>;
  /** Stages whose image is part of the key: FROM, COPY --from, mounts. Sorted. */
  stages: string[];
  /** Images read by COPY --from and mounts. Sorted. */
  images: LockedImage[];
  /** What it reads of the build context, sorted by path. */
  files: PlanFile[];
  /** Why it was taken to read the whole context; empty when `files` is exact. */
  wholeContext: Reason[];
  /** Why the result may not be cached, e.g. a base without a locked digest. */
  uncacheable: Reason[];
  /**
   * The Dockerfile's directives that change what the instructions mean, left out where default, and
   * `rules`: by which it was read, where others read it differently.
   */
  frontend?: { syntax?: string; escape?: string; rules?: RuleSet };
}

/**
 * `paths`: nobody uses the stage but through COPY --from and RUN --mount from=, so only these
 * absolute paths of it are exported.
 */
export type StageOutput = { kind: 'image' } | { kind: 'paths'; paths: string[] };

/** `platform` only where FROM has `--platform` and it differs from the plan's. */
export type StageBase =
  | { kind: 'image'; reference: string; digest: string | null; platform?: string }
  | { kind: 'stage'; stage: string }
  | { kind: 'scratch' };

export interface LockedImage {
  reference: string;
  digest: string | null;
}

export interface PlanInstruction {
  keyword: Keyword;
  /** The instruction in normal form: a valid Dockerfile line, or several with a heredoc. */
  text: string;
  /**
   * `base`: a trigger that the base stage's own image config carries (ONBUILD), so building FROM
   * that image runs it by itself. `argument`: an ARG of the base stage, which BuildKit hands down
   * to a stage built FROM it, but which an image cannot carry.
   */
  from?: 'base' | 'argument';
}

/**
 * Something that the stage reads of the context. A path is relative to the context; a byte that is
 * no UTF-8 stands as U+DC00 + byte, which JSON writes as `\udcXX`. A symbolic link named by COPY is
 * followed, so it stands here as what it leads to. `sameAs` is the other name of a file that is taken
 * with it as a hard link.
 */
export type PlanFile =
  | {
      path: string;
      type: 'file';
      mode: string;
      digest: string;
      by?: 'requirements';
      sameAs?: string;
    }
  | { path: string; type: 'directory'; mode: string }
  | { path: string; type: 'symlink'; mode: string; link: string; sameAs?: string }
  | { path: string; type: 'special'; mode: string; sameAs?: string };

/** `line` is of the Dockerfile, and is not written to the plan: a comment above would change it. */
export interface Reason {
  reason: string;
  line?: number;
}
