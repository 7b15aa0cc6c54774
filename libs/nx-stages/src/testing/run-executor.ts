import type { ExecutorContext } from '@nx/devkit';
import push from '../executors/docker-push/executor';
import load from '../executors/load/executor';
import plan from '../executors/plan/executor';
import stage from '../executors/stage/executor';

const executors = { load, plan, push, stage };

/**
 * Run as a process of its own, to be killed or by another Node: one executor on a workspace.
 * Arguments: its name, its options and its context, in JSON. Says `ready` when it begins.
 */
async function main([name, options, context]: string[]): Promise<void> {
  const run = executors[name as keyof typeof executors];
  process.stdout.write('ready\n');
  const { success } = await run(JSON.parse(options!), JSON.parse(context!) as ExecutorContext);
  process.exitCode = success ? 0 : 1;
}

void main(process.argv.slice(2));
