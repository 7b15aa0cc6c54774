import { randomBytes } from 'node:crypto';
import type { ExecutorContext } from '@nx/devkit';
import { type ComposeOptions, startDependencies, openCompose } from '../../compose/project';
import { loadForService } from '../../compose/stage-image';
import { StagesError } from '../../fault';
import { projectRootOf } from '../../project';
import { report } from '../../report';
import { commandArguments } from '../arguments';

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
    const opened = await openCompose({ ...options, ...(project && { project }) }, context);
    const { compose, config } = opened;
    const { stage, image, buildContext: contextPath = projectRootOf(context) } = options;
    if (stage && image) await loadForService(opened, context, { stage, image, contextPath });
    const command = [
      ...options.command,
      ...commandArguments(options.args, ['project', 'configuration']),
    ];
    try {
      const { service, dependencies } = options;
      if (dependencies) await startDependencies(compose, config, service);
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
