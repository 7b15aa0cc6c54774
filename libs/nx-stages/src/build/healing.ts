import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type StagePlan, serialisePlan } from '@excel2doc/dockerfile';
import type { Engine } from '@excel2doc/engine';
import type { ExecutorContext } from '@nx/devkit';
import { stageFolder, stageTarget } from '../infer/paths';
import { BUILT_PLAN } from '../plan/explain';
import type { KeyedPlan } from '../plan/make';
import { readPlan } from '../plan/read';
import { outputHome } from '../project';
import type { Bases } from './bases';
import { maybeDamage, outputDamage } from './damage';
import { mendBase } from './mend-base';
import { mendCacheEntry } from './nx-cache';
import type { Outputs } from './outputs';
import { buildStage } from './stage';

export interface Healing {
  context: ExecutorContext;
  /** The build context, relative to the workspace. */
  contextPath: string;
  /** Of the Dockerfile, where it is not the project's main one. */
  variant?: string | undefined;
  builders?: Record<string, string> | undefined;
  outputs: Outputs;
  bases: Bases;
  engine: () => Promise<Engine>;
  /** Told in one line what was damaged, and what is done about it. */
  say?: (line: string) => void;
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
    const { context, outputs, variant } = this.healing;
    const home = outputHome(context, { variant });
    const file = await readPlan(context.root, home, stage);
    const plan = file.platforms.find(({ platform }) => platform === outputs.platform);
    // Built for other platforms alone: then the error that came first says what is wrong.
    if (!plan) return;
    for (const below of plan.stages) await this.mendStage(below);
    for (const image of baseImages(plan)) await this.mendBase(image);
    const damage = await outputDamage(outputs, file, context.root);
    if (damage === undefined) return;
    this.say(`stage ${stage}: ${damage}; it is built again without the cache`);
    await this.build(stage, plan, file);
    const folder = stageFolder(home, stage);
    await mkdir(join(context.root, folder), { recursive: true });
    await writeFile(join(context.root, folder, BUILT_PLAN), serialisePlan(file));
    await mendCacheEntry(context, stageTarget(stage, variant), folder);
  }

  async mendBase(reference: string): Promise<void> {
    if (this.done.has(`image:${reference}`)) return;
    this.done.add(`image:${reference}`);
    const { bases, outputs, engine } = this.healing;
    const say = (line: string) => this.say(line);
    await mendBase({ bases, reference, platform: outputs.platform, engine, say });
  }

  private build(stage: string, plan: StagePlan, { builder, compression }: KeyedPlan) {
    const { context, contextPath, outputs, bases, engine, builders } = this.healing;
    const contextDir = join(context.root, contextPath);
    const shared = { outputs, bases, engine, builder, builders, compression: compression?.kind };
    return buildStage({ stage, plan, contextDir, ...shared });
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
