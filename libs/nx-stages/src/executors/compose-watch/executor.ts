import { watch } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutorContext } from '@nx/devkit';
import { stringify } from 'yaml';
import {
  type ComposeOptions,
  debugCommand,
  loadForService,
  openCompose,
  type OpenedCompose,
  reloadCommand,
  savedSince,
  syncRules,
  watchOverride,
} from '@excel2doc/services';
import { readPlan, runTarget, StagesError, stageTarget } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions {
  service: string;
  stage: string;
  context: string;
  image?: string;
  reload?: string[];
  rebuild?: string[];
  debugPort?: number;
  debugStage?: string;
}

/** What a test puts in the place of the terminal and of Nx. */
interface Around {
  stop: AbortSignal;
  /** Makes a target of the project. */
  make: (target: string) => Promise<void>;
}

/** Keeps the running container the same as the sources, until Ctrl-C. */
export default function composeWatch(options: Options, context: ExecutorContext, around?: Around) {
  const stop = around?.stop ?? interruption();
  const make =
    around?.make ??
    ((target: string) => runTarget(context.root, `${context.projectName}:${target}`, stop));
  return report(async () => {
    let builtAt = Date.now();
    await make('compose-up');
    if (stop.aborted) return;
    let opened = await openCompose(options, projectOf(context));
    // The container without --reload, with its root read-only again: whatever ends us. After Ctrl-C
    // Nx takes our terminal away at once.
    const restore = await opened.compose.upAfterwards(oneService(options));
    try {
      while (!stop.aborted) {
        const changed = await watchImage(opened, options, context, { stop, make, builtAt });
        if (changed === undefined) break;
        process.stdout.write(`${changed} has changed: the image is built anew\n`);
        builtAt = Date.now();
        // What does not build or start is said; the service goes on as it was.
        await make('compose-up').catch((error: unknown) => {
          if (!(error instanceof StagesError)) throw error;
          process.stdout.write(`${error.message}; watching goes on with the image of before\n`);
        });
        if (!stop.aborted) opened = await openCompose(options, projectOf(context));
      }
    } finally {
      await restore.run();
    }
  });
}

/**
 * Syncs into one container until Ctrl-C, or until a file changes that the image has to be built anew
 * for: its name is returned.
 *
 * @param around `builtAt`: what was saved since is not in the image
 */
async function watchImage(
  opened: OpenedCompose,
  options: Options,
  context: ExecutorContext,
  { stop, make, builtAt }: Around & { builtAt: number },
): Promise<string | undefined> {
  const { service, stage, debugPort } = options;
  const contextDir = join(context.root, options.context);
  const { engine, project, config } = opened;
  const plan = await readPlan({ root: context.root, home: projectOf(context).folder }, stage);
  const inspected = await engine.command([
    ...['image', 'inspect', '--format', '{{json .Config}}'],
    config.services[service]?.image ?? '',
  ]);
  const image = JSON.parse(inspected.stdout) as { WorkingDir?: string; Cmd?: string[] | null };
  const rules = syncRules(plan.platforms[0]?.instructions ?? [], image.WorkingDir ?? '/');
  const command = reloadCommand(image.Cmd ?? [], options.reload);
  const debug = debugPort && { port: debugPort, image: await debugImage() };
  const override = join(context.root, 'dist', 'compose', `${config.name}.watch.yaml`);
  await mkdir(dirname(override), { recursive: true });
  const watched = {
    service,
    contextDir,
    rules,
    command: debug ? debugCommand(command, debug.port) : command,
    ...(debug && { debug }),
  };
  await writeFile(override, stringify(watchOverride(watched)));
  const changed = new AbortController();
  const watchers = (options.rebuild ?? ['requirements.txt', 'Dockerfile']).map((file) =>
    watchFile(join(contextDir, file), () => changed.abort(file)),
  );
  const withOverride = engine.compose({ ...project, files: [...project.files, override] });
  try {
    await withOverride.up(oneService(options));
    for (const { path, target } of rules) process.stdout.write(`${path} -> ${target}\n`);
    if (debug) process.stdout.write(`debugger: attach to localhost:${debug.port}\n`);
    const signal = AbortSignal.any([stop, changed.signal]);
    const watching = withOverride.call(['watch', '--no-up', service], { output: 'show', signal });
    await Promise.all([watching, bringMissed()]);
  } catch (error) {
    if (!stop.aborted && !changed.signal.aborted) throw error;
  } finally {
    for (const watcher of watchers) watcher?.close();
  }
  return stop.aborted ? undefined : (changed.signal.reason as string);

  /** What was saved before Compose watched. Its watch begins within a second, and says nothing. */
  async function bringMissed(): Promise<void> {
    await sleep(1_000);
    if (stop.aborted) return;
    for (const { path, target } of await savedSince(contextDir, rules, builtAt)) {
      await withOverride.call(['cp', join(contextDir, path), `${service}:${target}`]);
      process.stdout.write(`${path}, saved meanwhile -> ${target}\n`);
    }
  }

  async function debugImage(): Promise<string | undefined> {
    const { debugStage, image: name } = options;
    if (!debugStage || !name) return undefined;
    await make(stageTarget(debugStage));
    return loadForService(opened, projectOf(context), {
      stage: debugStage,
      image: name,
      contextPath: options.context,
    });
  }
}

const oneService = ({ service }: Options) => ({ services: [service], noDeps: true, wait: true });

/** Editors put a new file in the old one's place, so its folder is what is watched. */
function watchFile(path: string, onChange: () => void) {
  try {
    return watch(dirname(path), (_, name) => {
      if (name !== basename(path)) return;
      // What is written in several steps counts once.
      void sleep(200).then(onChange);
    });
  } catch {
    return undefined;
  }
}

function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}
