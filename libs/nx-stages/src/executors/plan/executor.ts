import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { type Reason, serialisePlan } from '@excel2doc/dockerfile';
import { planFolder } from '../../infer/paths';
import { type KeyedPlan, makePlans } from '../../plan/make';
import { outputHome } from '../../project';
import { report } from '../../report';
import type { DockerOptions } from '../options';

/** Writes plan/<stage>.json for every stage; files of stages that are gone are removed. */
export default function plan(options: DockerOptions, context: ExecutorContext) {
  return report(async () => {
    const plans = await makePlans(options, context);
    const folder = join(context.root, planFolder(outputHome(context, options)));
    await mkdir(folder, { recursive: true });
    const names = new Set(plans.map(({ stage }) => `${stage}.json`));
    for (const name of await readdir(folder)) {
      if (!names.has(name)) await rm(join(folder, name), { recursive: true });
    }
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

/** A plan is read by other processes: it is the old one or the new one, never half of it. */
async function write(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, text);
  await rename(temporary, path);
}
