import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import type { ExecutorContext } from '@nx/devkit';
import {
  type ComposeOptions,
  isAtLeast,
  isHealthCheck,
  type Level,
  openCompose,
  readableLine,
} from '@excel2doc/services';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions {
  service?: string;
  since?: string;
  tail?: number;
  follow: boolean;
  level?: Level;
  raw: boolean;
  health: boolean;
}

/** The services' logs; JSON records are made readable, and sifted by level; health checks are left out. */
export default function composeLogs(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { compose } = await openCompose(options, projectOf(context));
    const { service, since, tail, follow, level, raw, health } = options;
    const args = [
      ...['logs', '--no-color'],
      ...(follow ? ['--follow'] : []),
      ...(since === undefined ? [] : ['--since', since]),
      ...(tail === undefined ? [] : ['--tail', String(tail)]),
      ...(service ? [service] : []),
    ];
    if (raw) {
      await compose.call(args, { output: 'show' });
      return;
    }
    const sink = new PassThrough();
    const printed = printReadable(sink, level ?? 'trace', health);
    await compose.call(args, { sink });
    sink.end();
    await printed;
  });
}

async function printReadable(sink: PassThrough, least: Level, health: boolean): Promise<void> {
  for await (const line of createInterface({ input: sink, crlfDelay: Infinity })) {
    const readable = readableLine(line);
    if (!isAtLeast(readable, least) || (!health && isHealthCheck(readable))) continue;
    const prefix = readable.source ? `${readable.source} | ` : '';
    if (!process.stdout.write(`${prefix}${readable.text}\n`)) await once(process.stdout, 'drain');
  }
}
