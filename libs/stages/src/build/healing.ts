import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type StagePlan, serialisePlan } from '@excel2doc/dockerfile';
import type { DockerProject } from '../workspace/docker-project';
import { stageFolder, stageTarget } from '../workspace/paths';
import { BUILT_PLAN } from '../plan/explain';
import type { KeyedPlan } from '../plan/make';
import { readPlan } from '../plan/read';
import { maybeDamage, outputDamage } from './damage';
import { mendBase } from './mend-base';
import { mendCacheEntry } from './nx-cache';
import type { Outputs } from './outputs';
import { checkSecrets } from '../secrets/state';
import { buildStage } from './stage';

export interface Healing {
  project: DockerProject;
  outputs: Outputs;
  /** Told in one line what was damaged, and what is done about it. */
  say?: ((line: string) => void) | undefined;
}

/**
 * Runs what reads the outputs of `stages`. When it fails because one of them, or what they are built
 * on, is not whole, that is fetched again or, as the last resort, built again without Nx's cache;
 * then it runs once more.
 *
 * Nothing is checked beforehand: every blob is verified where it is read.
 *
 * @param images base images that it reads directly
 */
export async function withHealing<T>(
  healing: Healing,
  { stages, images = [] }: { stages: readonly string[]; images?: readonly string[] },
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!maybeDamage(error)) throw error;
    const healer = new Healer(healing);
    for (const image of images) await healer.mendBase(image);
    for (const stage of stages) await healer.mendStage(stage);
    // Also where all is whole: another process may have mended it meanwhile.
    return action();
  }
}

class Healer {
  private readonly done = new Set<string>();

  constructor(private readonly healing: Healing) {}

  /** What a stage is built on first: a stage that is whole by itself may be built on what is not. */
  async mendStage(stage: string): Promise<void> {
    if (this.done.has(stage)) return;
    this.done.add(stage);
    const { project, outputs } = this.healing;
    const file = await readPlan(project, stage);
    const plan = file.platforms.find(({ platform }) => platform === outputs.platform);
    // Built for other platforms alone: then the error that came first says what is wrong.
    if (!plan) return;
    for (const below of plan.stages) await this.mendStage(below);
    for (const image of baseImages(plan)) await this.mendBase(image);
    const damage = await outputDamage(outputs, file, project.root);
    if (damage === undefined) return;
    this.say(`stage ${stage}: ${damage}; it is built again without the cache`);
    await this.build(stage, plan, file);
    const folder = project.stageDir(stage);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, BUILT_PLAN), serialisePlan(file));
    const entry = await project.project.cacheEntry?.(stageTarget(stage, project.variant));
    if (entry) await mendCacheEntry(entry, project.root, stageFolder(project.home, stage));
  }

  async mendBase(reference: string): Promise<void> {
    if (this.done.has(`image:${reference}`)) return;
    this.done.add(`image:${reference}`);
    const { project, outputs } = this.healing;
    const { bases, platform } = outputs;
    const say = (line: string) => this.say(line);
    await mendBase({ bases, reference, platform, engine: project.engine, say });
  }

  private build(stage: string, plan: StagePlan, file: KeyedPlan) {
    const { project, outputs } = this.healing;
    const { builder, compression, layering, secrets, fresh } = file;
    checkSecrets(project, stage, file);
    return buildStage({
      project,
      outputs,
      stage,
      plan,
      builder,
      secrets,
      fresh,
      warn: (line) => this.say(line),
      compression: compression?.kind,
      layering,
    });
  }

  private say(line: string): void {
    const { say = (text) => void process.stdout.write(`! ${text}\n`) } = this.healing;
    say(line);
  }
}

/** The images that a plan takes anything from. */
export function baseImages({ base, images }: StagePlan): string[] {
  const copied = images.map(({ reference }) => reference);
  return base.kind === 'image' ? [base.reference, ...copied] : copied;
}
