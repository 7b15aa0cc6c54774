import type { ExecutorContext } from '@nx/devkit';
import {
  checkPorts,
  type ComposeOptions,
  keepRunning,
  migrate,
  openCompose,
  pullMissing,
  rollBack,
  runningContainer,
  startDependencies,
  tryOut,
  wouldReplace,
} from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions {
  service: string;
  migrate?: string[];
  backup?: boolean;
  waitSeconds: number;
  tryOut: boolean;
}

/**
 * Dependencies first, then the migrations as a one-off container of the new image, then the rest:
 * while a migration fails, the containers that ran before go on running. A new image is tried out
 * beside the old container, and rolled back if it fails in its place.
 */
export default function composeUp(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { service, waitSeconds } = options;
    const opened = await openCompose(options, projectOf(context));
    const { compose, config } = opened;
    const running = (await compose.ps()).filter(({ state }) => state === 'running');
    await checkPorts(config, running);
    const before = await runningContainer(opened, service);
    const replacement = { ...opened, workspaceRoot: context.root, service, waitSeconds };
    await pullMissing(opened, service);
    await startDependencies(compose, config, service);
    if (options.migrate) {
      await migrate(opened, service, options.migrate, {
        ...(options.backup && { backupFolder: `${context.root}/backups/${config.name}` }),
      });
    }
    const replaces = before && (await wouldReplace(replacement, before));
    if (replaces && options.tryOut) await tryOut(replacement, before);
    try {
      await compose.up({ wait: true, waitTimeoutSeconds: waitSeconds });
    } catch (error) {
      if (replaces) await rollBack(replacement, before, error);
      throw error;
    }
    await keepRunning(replacement);
  });
}
