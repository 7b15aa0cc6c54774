import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { type Reason, serialisePlan } from '@excel2doc/dockerfile';
import { type FoundImagesFile, foundImagesFile } from '../../build/bases';
import { planFolder } from '../../infer/paths';
import { type KeyedPlan, makePlans } from '../../plan/make';
import { outputHome } from '../../project';
import { report } from '../../report';
import type { DockerOptions } from '../options';

/** Writes plan/<stage>.json for every stage; files of stages that are gone are removed. */
export default function plan(options: DockerOptions, context: ExecutorContext) {
  return report(async () => {
    const { plans, unlocked } = await makePlans(options, context);
    const home = outputHome(context, options);
    const folder = join(context.root, planFolder(home));
    await mkdir(folder, { recursive: true });
    const names = new Set(plans.map(({ stage }) => `${stage}.json`));
    for (const name of await readdir(folder)) {
      if (!names.has(name)) await rm(join(folder, name), { recursive: true });
    }
    const found = join(context.root, foundImagesFile(home));
    if (Object.keys(unlocked).length === 0) await rm(found, { force: true });
    else await write(found, `${JSON.stringify({ format: 1, images: unlocked }, undefined, 2)}\n`);
    sayFound(options, unlocked);
    for (const each of plans) {
      await write(join(folder, `${each.stage}.json`), serialisePlan(withNonce(each)));
      sayReasons(options.dockerfile, each);
    }
  });
}

/**
 * A stage that may not be cached gets a key of its own every time. Nx cannot be told at run time to
 * leave a task out of its cache.
 */
function withNonce(plan: KeyedPlan): KeyedPlan {
  const cacheable = plan.platforms.every(({ uncacheable }) => uncacheable.length === 0);
  return cacheable ? plan : ({ ...plan, madeAt: new Date().toISOString() } as KeyedPlan);
}

function sayReasons(dockerfile: string, { stage, platforms, refused }: KeyedPlan): void {
  const say = ({ reason, line }: Reason, effect: string) => {
    const at = line ? `${dockerfile}:${line}` : dockerfile;
    process.stdout.write(`${at}: stage ${stage} ${effect}: ${reason}\n`);
  };
  if (refused) process.stdout.write(`stage ${stage} cannot be built: ${refused.message}\n`);
  for (const { wholeContext, uncacheable } of platforms.slice(0, 1)) {
    for (const each of wholeContext) say(each, 'is taken to read the whole context');
    for (const each of uncacheable) say(each, 'is not cached');
  }
}

function sayFound({ dockerfile }: DockerOptions, images: FoundImagesFile['images']): void {
  for (const [reference, platforms] of Object.entries(images)) {
    for (const [platform, { digest, layoutDir }] of Object.entries(platforms)) {
      const from = layoutDir === undefined ? 'the registry' : 'the engine';
      process.stdout.write(
        `${dockerfile}: ${reference} (${platform}) is ${digest} now, from ${from}\n`,
      );
    }
  }
}

/** A plan is read by other processes: it is the old one or the new one, never half of it. */
async function write(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}
