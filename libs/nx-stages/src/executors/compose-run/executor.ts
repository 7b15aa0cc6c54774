import { randomBytes } from 'node:crypto';
import type { ExecutorContext } from '@nx/devkit';
import {
  type ComposeOptions,
  loadForService,
  openCompose,
  startDependencies,
} from '@excel2doc/services';
import { commandArguments, StagesError } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions {
  service: string;
  command: string[];
  args?: string[];
  stage?: string;
  image?: string;
  /** Of the stage, relative to the workspace. Default: the project's folder. */
  buildContext?: string;
  dependencies: boolean;
  throwAway: boolean;
}

/** Runs a command in a one-off container and takes over its exit status. */
export default function composeRun(options: Options, context: ExecutorContext) {
  return report(async () => {
    const project = options.throwAway
      ? `${context.projectName}-${randomBytes(4).toString('hex')}`
      : options.project;
    const opened = await openCompose(
      { ...options, ...(project && { project }) },
      projectOf(context),
    );
    const { compose, config } = opened;
    const { stage, image, buildContext: contextPath = projectOf(context).folder } = options;
    if (stage && image)
      await loadForService(opened, projectOf(context), { stage, image, contextPath });
    const command = [
      ...options.command,
      ...commandArguments(options.args, ['project', 'configuration']),
    ];
    try {
      const { service, dependencies } = options;
      if (dependencies) await startDependencies(compose, config, service, { noRecreate: true });
      const { exitCode } = await compose.run(service, command, { noDeps: true, output: 'show' });
      if (exitCode !== 0) {
        throw new StagesError('COMMAND_FAILED', {
          message: `\`${command.join(' ')}\` in ${service} ended with exit status ${exitCode}`,
          hint: 'Its output stands above',
        });
      }
    } finally {
      if (options.throwAway) await compose.down({ volumes: true });
    }
  });
}
