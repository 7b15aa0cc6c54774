import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExecutorContext, TargetConfiguration } from '@nx/devkit';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { Bases } from '@excel2doc/stages';
import composeRun from '../executors/compose-run/executor';
import composeRunSchema from '../executors/compose-run/schema.json';
import composeUp from '../executors/compose-up/executor';
import composeUpSchema from '../executors/compose-up/schema.json';
import image from '../executors/docker-image/executor';
import load from '../executors/docker-load/executor';
import plan from '../executors/docker-plan/executor';
import stage from '../executors/docker-stage/executor';
import { createNodes } from '../infer/create-nodes';
import { standIns } from '@excel2doc/services/testing/workspace';

/** A workspace with one project, `app`, whose image is built as Nx would, without Nx. */
export interface ScratchProject {
  root: string;
  engine: Engine;
  bases: Bases;
  name: string;
  /** Writes files of the workspace. */
  write(files: Record<string, string>): Promise<void>;
  /** Runs an inferred target, after those that it depends on. */
  run(target: string): Promise<void>;
  remove(): Promise<void>;
}

const LOCK_FILE = 'docker/images.lock.json';

export async function scratchProject(): Promise<ScratchProject> {
  const root = await mkdtemp(join(tmpdir(), 'nx-stages-scratch-'));
  const name = `scratch-${randomBytes(4).toString('hex')}`;
  const write = async (files: Record<string, string>) => {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await writeFile(join(root, file), text);
    }
  };
  await write({
    'docker/images.local.json': JSON.stringify({ format: 1, images: await standIns() }),
    'app/project.json': JSON.stringify({ name }),
  });
  const engine = await locateEngine();
  return {
    root,
    name,
    engine,
    write,
    bases: await Bases.read(root, LOCK_FILE),
    async run(target) {
      const files = ['Dockerfile', 'compose.yaml'].map((file) => `app/${file}`);
      const found = files.filter((file) => existsSync(join(root, file)));
      const [[, { projects = {} }] = ['', {}]] = createNodes(found, undefined, {
        workspaceRoot: root,
        nxJsonConfiguration: {},
      });
      await runInOrder(target, projects['app']?.targets ?? {}, { root, name });
    },
    async remove() {
      for (const { repository, tag } of await engine.listImages([`reference=${name}`]))
        await engine.removeImage(`${repository}:${tag}`);
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** The defaults of a schema, which Nx would fill in. */
const defaultsOf = ({ properties }: { properties: Record<string, object> }) =>
  Object.fromEntries(
    Object.entries(properties).flatMap(([name, property]) =>
      'default' in property ? [[name, property.default]] : [],
    ),
  );

const DEFAULTS: Record<string, object> = {
  'compose-run': defaultsOf(composeRunSchema),
  'compose-up': defaultsOf(composeUpSchema),
};

async function runInOrder(
  last: string,
  targets: Record<string, TargetConfiguration>,
  { root, name }: { root: string; name: string },
): Promise<void> {
  const context = {
    root,
    cwd: root,
    isVerbose: false,
    projectName: name,
    projectsConfigurations: { version: 2, projects: { [name]: { root: 'app' } } },
  } as unknown as ExecutorContext;
  const executors = {
    'docker-plan': plan,
    'docker-stage': stage,
    'docker-image': image,
    'docker-load': load,
    'compose-run': composeRun,
    'compose-up': composeUp,
  } as Record<string, (...args: never[]) => Promise<unknown>>;
  const done = new Set<string>();
  const run = async (target: string): Promise<void> => {
    if (done.has(target)) return;
    done.add(target);
    const { dependsOn = [], executor = '', options } = targets[target] ?? {};
    for (const each of dependsOn) await run(each as string);
    const kind = executor.split(':')[1] ?? '';
    const start = executors[kind];
    const given = { ...DEFAULTS[kind], ...options };
    const { success } = (await start?.(given as never, context as never)) as {
      success: boolean;
    };
    if (!success) throw new Error(`${target} failed; its reason stands above`);
  };
  await run(last);
}
