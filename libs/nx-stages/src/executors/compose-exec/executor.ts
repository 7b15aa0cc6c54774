import type { ExecutorContext } from '@nx/devkit';
import { type ComposeOptions, execIn, openCompose } from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';
import { commandArguments } from '@excel2doc/stages';

const OWN = ['service', 'user', 'project', 'configuration'];

interface Options extends ComposeOptions {
  service: string;
  command: string[];
  args?: string[];
  user?: string;
}

/** Runs a command in a running container; arguments after `--` come behind it. */
export default function composeExec(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { compose } = await openCompose(options, projectOf(context));
    const args = commandArguments(options.args, OWN);
    const command = [...options.command, ...args];
    const { service, user } = options;
    const name = args.join(' ') || (command[0] ?? '');
    // The target that is a shell by itself: nothing was given for it to run.
    const shell = args.length === 0 && options.command.length > 0;
    await execIn(compose, service, command, name, { ...(user && { user }), shell });
  });
}
