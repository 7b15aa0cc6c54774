import type { ExecutorContext } from '@nx/devkit';
import { execIn } from '../../compose/exec';
import { type ComposeOptions, openCompose } from '../../compose/project';
import { report } from '../../report';
import { commandArguments } from '../arguments';

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
    const { compose } = await openCompose(options, context);
    const args = commandArguments(options.args, OWN);
    const command = [...options.command, ...args];
    const { service, user } = options;
    const name = args.join(' ') || (command[0] ?? '');
    await execIn(compose, service, command, name, user ? { user } : {});
  });
}
