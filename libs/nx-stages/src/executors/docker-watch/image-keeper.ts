import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { serialisePlan } from '@excel2doc/dockerfile';
import {
  askNx,
  type DockerProject,
  type KeyedPlan,
  loadImage,
  makeStage,
  platformFolder,
  readBuiltPlan,
  stageKey,
  StagesError,
} from '@excel2doc/stages';
import { planProject } from '../docker-plan/plan-project';
import { dockerProject } from '../project';
import { changedText } from './changed';
import type { WatchedImage } from './watched-image';

/** What came of looking at the files again. */
export interface Kept {
  /** What of the files is another now; undefined where nothing of the image is. */
  changed: string | undefined;
  /** The stages that were made for it. */
  made: string[];
  digest: string;
  /** Whether it is another one than before. */
  isOther: boolean;
  sentBytes: number;
}

/**
 * Keeps one image in the engine the same as the files: plans, makes the stages that come out otherwise,
 * loads. Of what was made before it believes the outputs, not its memory: a task run by hand, or another
 * watcher, writes them too.
 */
export class ImageKeeper {
  /** The key that a stage was made under, and its image.json then. */
  private readonly made = new Map<string, { key: string; output: string | undefined }>();
  /** Of the image that is in the engine. */
  private plans: KeyedPlan[] | undefined;
  private digest = '';
  private isBuilt = false;
  /** Whether `plans` and the engine are known to agree. */
  private isKept = false;

  constructor(
    private image: WatchedImage,
    private readonly stop: AbortSignal,
  ) {}

  /** The image as the workspace has it by now. */
  become(image: WatchedImage): void {
    this.image = image;
    // Options may be others: the usual way takes them all.
    this.isKept = false;
    this.isBuilt = false;
  }

  /** What the image is made from now; none before the first plan. */
  get planned(): readonly KeyedPlan[] {
    return this.plans ?? [];
  }

  /** Whether a file, absolute, is one that the image is made from as it lies there. */
  reads(path: string): boolean {
    const own = relative(this.image.planned().contextDir, path).split(sep).join('/');
    return this.planned.some(({ platforms }) =>
      platforms.some(({ files }) => files.some((file) => file.path === own)),
    );
  }

  /**
   * @param beforeLoad when the stages are made, and the engine has the image of before
   * @returns what was done; nothing is made and loaded where the image would come out the same
   * @throws what planning, making and loading throw
   */
  async update(beforeLoad?: () => Promise<void>): Promise<Kept> {
    const { image } = this;
    const project = image.planned();
    const before = this.plans;
    const isSame = (plans: KeyedPlan[]) => this.isKept && textOf(plans) === textOf(before ?? []);
    let plans = await this.plan(project);
    if (isSame(plans)) return this.nothing();
    this.isKept = false;
    const made: string[] = [];
    if (!this.isBuilt) {
      // The usual way, with all caches: what is there already is not made again here.
      await this.runNx(image.task);
      this.isBuilt = true;
      plans = await this.plan(project);
      for (const plan of plans) if (await this.acceptOther(project, plan)) made.push(plan.stage);
    }
    for (const plan of plans) if (await this.make(project, plan)) made.push(plan.stage);
    await beforeLoad?.();
    const { digest, sentBytes } = await loadImage(image.loaded(), image.options);
    this.plans = plans;
    this.isKept = true;
    const changed = changedText(before, plans, image.options.context);
    const isOther = digest !== this.digest;
    this.digest = digest;
    return { changed, made, digest, isOther, sentBytes };
  }

  private nothing(): Kept {
    const { digest } = this;
    return { changed: undefined, made: [], digest, isOther: false, sentBytes: 0 };
  }

  /** The plans of the image's stage and of those below it, as their Dockerfile has them. */
  private async plan(project: DockerProject): Promise<KeyedPlan[]> {
    const all = (await planProject(project, this.image.context)).map(withoutNonce);
    const needed = new Set([this.image.options.stage]);
    for (const { stage, platforms } of all.toReversed())
      if (needed.has(stage))
        for (const { stages, base } of platforms) {
          stages.forEach((each) => needed.add(each));
          if (base.kind === 'stage') needed.add(base.stage);
        }
    return all.filter(({ stage }) => needed.has(stage));
  }

  /** Takes a stage for made when its output says that it was made from this plan. */
  private async accept(project: DockerProject, plan: KeyedPlan): Promise<boolean> {
    const built = await readBuiltPlan(project.stageDir(plan.stage));
    if (!built || serialisePlan(withoutNonce(built)) !== serialisePlan(plan)) return false;
    const key = await stageKey(project, plan, undefined);
    this.made.set(plan.stage, { key, output: await outputOf(project, plan) });
    return true;
  }

  /** The same, of what another has made. @returns whether it is another output than the one known */
  private async acceptOther(project: DockerProject, plan: KeyedPlan): Promise<boolean> {
    const before = this.made.get(plan.stage)?.output;
    const isMade = await this.accept(project, plan);
    return isMade && before !== this.made.get(plan.stage)?.output;
  }

  /** @returns whether it had to be made */
  private async make(project: DockerProject, plan: KeyedPlan): Promise<boolean> {
    const { stage, refused } = plan;
    if (refused) throw new StagesError('STAGE_REFUSED', refused);
    const key = await stageKey(project, plan, undefined);
    const known = this.made.get(stage);
    const isThere = known?.output !== undefined && known.output === (await outputOf(project, plan));
    if (known?.key === key && isThere) return false;
    this.made.delete(stage);
    const { task, options } = this.image.stage(stage);
    // What is run takes as long as it takes, and may lie in a cache; Nx has both.
    if (options === undefined || runs(plan)) await this.runNx(task);
    else await makeStage(dockerProject(options, this.image.context), options, () => undefined);
    if (await this.accept(project, plan)) return true;
    throw new StagesError('FILE_CHANGED', {
      message: `What stage ${stage} reads changed while it was made`,
      hint: 'Save it again',
    });
  }

  private async runNx(task: string): Promise<void> {
    const { context } = this.image;
    const { failed, said } = await askNx(
      context.root,
      ['run', task, '--outputStyle=static'],
      this.stop,
    );
    if (!failed) return;
    throw new NxFailed(task, said);
  }
}

/** A task of Nx's that failed: what it said of it stands for the error. */
export class NxFailed extends Error {
  /** `✗ …`, and what follows from it. */
  readonly lines: string[];

  constructor(task: string, said: string) {
    super(`${task} failed`);
    const all = said.split('\n').map((line) => line.trimEnd());
    const named = all.filter((line) => /^\s*(✗ |doctor:)/.test(line) && !/ nx run /.test(line));
    // Nx's own words, where none of ours came.
    this.lines =
      named.length > 0 ? [...new Set(named)] : [`✗ ${task} failed.`, ...all.filter(Boolean)];
  }
}

function runs({ platforms, builder }: KeyedPlan): boolean {
  return (
    builder !== undefined ||
    platforms.some(
      ({ instructions, output }) =>
        output.kind === 'paths' || instructions.some(({ keyword }) => keyword === 'RUN'),
    )
  );
}

/** Without what makes the plan of a stage that is never cached another one each time. */
function withoutNonce({ madeAt: _, ...plan }: KeyedPlan): KeyedPlan {
  return plan;
}

const textOf = (plans: readonly KeyedPlan[]) => plans.map(serialisePlan).join('\n');

/** The image.json of a stage, of all platforms; undefined where one is missing. */
async function outputOf(project: DockerProject, plan: KeyedPlan): Promise<string | undefined> {
  const texts = plan.platforms.map(({ platform }) =>
    readFile(join(project.stageDir(plan.stage), platformFolder(platform), 'image.json'), 'utf8'),
  );
  return Promise.all(texts).then(
    (all) => all.join('\n'),
    () => undefined,
  );
}
