import { type PostTasksExecutionContext, logger } from '@nx/devkit';
import { imagesOf, keepRun, recordOf, runsFolder } from '@excel2doc/build-report';
import { checkedOutCommit } from '@excel2doc/stages';

/**
 * Keeps a record of every run that made an image, for docker-report. Whatever goes wrong here is no
 * reason to fail a run: it is said with --verbose and that is all.
 */
export function postTasksExecution(_options: unknown, context: PostTasksExecutionContext): void {
  try {
    const { workspaceRoot } = context;
    const run = recordOf(context, (task) => imagesOf(workspaceRoot, task));
    if (!run) return;
    const commit = checkedOutCommit(workspaceRoot);
    const remoteCache = Boolean(process.env['NX_SELF_HOSTED_REMOTE_CACHE_SERVER']);
    keepRun(runsFolder(workspaceRoot), { ...run, ...(commit && { commit }), remoteCache });
  } catch (error) {
    logger.verbose(`@excel2doc/nx-stages: this run is not kept for docker-report: ${error}`);
  }
}
