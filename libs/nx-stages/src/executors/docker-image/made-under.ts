import { createHash } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Task } from '@nx/devkit';
import { type DockerProject, type KeyedPlan, stageKey } from '@excel2doc/stages';
import type { RunContext } from '../project';
import { besidesPlan } from './planned';

/** Lies beside a stage's output and is kept with it. */
const KEY_FILE = 'key';

/**
 * Makes a stage, and keeps beside it the key that it was made under: the one of when it began. What
 * lies below it may be another image by the time that somebody asks.
 */
export async function madeUnderKey(
  project: DockerProject,
  plan: KeyedPlan,
  task: Task | undefined,
  context: RunContext,
  make: () => Promise<void>,
): Promise<void> {
  // An image below may have gone, restored by Nx's word alone: whoever makes the stage mends that, and
  // under no key is anything kept of it.
  const key =
    task && (await stageKey(project, plan, besidesPlan(task, context)).catch(() => undefined));
  const folder = project.stageDir(plan.stage);
  await rm(join(folder, KEY_FILE), { force: true });
  await make();
  if (key) await writeFile(join(folder, KEY_FILE), await keyed(key, folder));
}

/** Whether what lies there of a stage was made under a key, by this machine or another. */
export async function isMadeUnder(
  project: DockerProject,
  stage: string,
  key: string,
): Promise<boolean> {
  const folder = project.stageDir(stage);
  try {
    return (await readFile(join(folder, KEY_FILE), 'utf8')) === (await keyed(key, folder));
  } catch {
    return false;
  }
}

/** With what it was made of it: whoever mends an image later has no key for it. */
async function keyed(key: string, folder: string): Promise<string> {
  const hash = createHash('sha256');
  for (const platform of (await readdir(folder)).sort()) {
    const image = await readFile(join(folder, platform, 'image.json')).catch(() => undefined);
    if (image) hash.update(`${platform}\n`).update(image);
  }
  return `${key} ${hash.digest('hex')}\n`;
}
