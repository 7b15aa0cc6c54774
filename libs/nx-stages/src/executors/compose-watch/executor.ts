import { watch } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { stringify } from 'yaml';
import { type ComposeOptions, openCompose } from '../../compose/project';
import { reloadCommand, syncRules, watchOverride } from '../../compose/watch';
import { readPlan } from '../../plan/read';
import { projectRootOf } from '../../project';
import { report } from '../../report';

interface Options extends ComposeOptions {
  service: string;
  stage: string;
  context: string;
  reload?: string[];
  rebuild?: string[];
}

/** Keeps the sources in the running container the same as those on the disk, until Ctrl-C. */
export default function composeWatch(
  options: Options,
  context: ExecutorContext,
  stop: AbortSignal = interruption(),
) {
  return report(async () => {
    const { service, stage } = options;
    const contextDir = join(context.root, options.context);
    const { engine, project, compose, config } = await openCompose(options, context);
    const plan = await readPlan(context.root, projectRootOf(context), stage);
    const inspected = await engine.command([
      ...['image', 'inspect', '--format', '{{json .Config}}'],
      config.services[service]?.image ?? '',
    ]);
    const image = JSON.parse(inspected.stdout) as { WorkingDir?: string; Cmd?: string[] | null };
    const rules = syncRules(plan.platforms[0]?.instructions ?? [], image.WorkingDir ?? '/');
    const command = reloadCommand(image.Cmd ?? [], options.reload);
    const override = join(context.root, 'dist', 'compose', `${config.name}.watch.yaml`);
    await mkdir(dirname(override), { recursive: true });
    await writeFile(override, stringify(watchOverride(service, contextDir, command, rules)));
    const watched = engine.compose({ ...project, files: [...project.files, override] });
    const one = { services: [service], noDeps: true, wait: true };
    const reminders = (options.rebuild ?? ['requirements.txt', 'Dockerfile']).map((file) =>
      remind(contextDir, file),
    );
    try {
      await watched.up(one);
      for (const { path, target } of rules) process.stdout.write(`${path} -> ${target}\n`);
      await watched.call(['watch', '--no-up', service], { output: 'show', signal: stop });
    } catch (error) {
      if (!stop.aborted) throw error;
    } finally {
      for (const reminder of reminders) reminder?.close();
      // The container without --reload, with its root read-only again. After Ctrl-C Nx ends us
      // while this is under way; half done, the service would be gone.
      await compose.up({ ...one, detached: true });
    }
  });
}

/** A change of the dependencies is the graph's to build, not Compose's. */
function remind(contextDir: string, file: string) {
  try {
    return watch(join(contextDir, file), () =>
      process.stdout.write(`${file} has changed: run compose-up to build the image anew\n`),
    );
  } catch {
    return undefined;
  }
}

function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
  return controller.signal;
}
