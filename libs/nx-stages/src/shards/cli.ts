#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { failureLine, StagesError } from '@excel2doc/stages';
import { checkPushed } from './check-pushed';
import { joinShards } from './join-shards';
import { makePlan, shardsOption } from './make-plan';
import { readPlanFile } from './plan-file';
import { runShard } from './run-shard';

const USAGE = `excel2doc-shards plan --tasks=FILE [--shards=auto|N] [--most=16] [--plan=FILE] [--times=FILE]
excel2doc-shards run --shard=N [--plan=FILE] [--records=FOLDER] [--patience=180]
excel2doc-shards join [--plan=FILE] [--records=FOLDER] [--times=FILE] [--summary=FILE]
excel2doc-shards check-pushed [--plan=FILE] [--records=FOLDER] [--pushed=FOLDER]`;

const options = {
  tasks: { type: 'string' },
  shards: { type: 'string', default: 'auto' },
  most: { type: 'string' },
  plan: { type: 'string', default: 'dist/ci/shards.json' },
  times: { type: 'string', default: 'dist/ci/times.json' },
  records: { type: 'string', default: 'dist/ci/shards' },
  shard: { type: 'string' },
  patience: { type: 'string', default: '180' },
  pushed: { type: 'string', default: 'dist/docker-pushed' },
  summary: { type: 'string' },
} as const;

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(args: string[]): Promise<void> {
  const [command, ...rest] = args;
  const root = process.cwd();
  const { env } = process;
  const { values } = parsed(rest);
  const { plan, times, records } = values;
  if (command === 'plan') {
    const { tasks = refuse('plan needs --tasks') } = values;
    const most = values.most === undefined ? undefined : wholeNumber('most', values.most);
    const settings = { shards: shardsOption(values.shards), ...(most !== undefined && { most }) };
    return makePlan({ root, tasks, out: plan, times, settings, env, say });
  }
  if (command === 'run') {
    const shard = wholeNumber('shard', values.shard ?? refuse('run needs --shard'));
    const patienceMs = 1000 * wholeNumber('patience', values.patience);
    return runShard({ root, plan: readPlanFile(plan), shard, records, patienceMs, say });
  }
  if (command === 'join') {
    const summary = values.summary ?? env['GITHUB_STEP_SUMMARY'];
    return joinShards({ plan: readPlanFile(plan), records, times, summary, say });
  }
  if (command === 'check-pushed')
    return checkPushed({ plan: readPlanFile(plan), records, pushed: values.pushed, say });
  return refuse(command === undefined ? 'no command was given' : `${command} is no command`);
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options });
  } catch (error) {
    return refuse((error as Error).message.split('. ')[0] ?? '');
  }
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= 1 ? value : refuse(`--${name}=${text} is no whole number`);
}

function refuse(message: string): never {
  throw new StagesError('OPTION_REFUSED', { message, hint: `The commands are:\n${USAGE}` });
}

void main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${failureLine(error)}\n`);
  process.exitCode = 1;
});
