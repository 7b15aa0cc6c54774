import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { configSchema } from '../config/config';
import { runEdge } from '../edge/edge';
import { CacheError } from '../error';

const options = {
  upstream: { type: 'string' },
  'answer-ms': { type: 'string', default: '5000' },
  'transfer-ms': { type: 'string', default: '120000' },
  'flush-ms': { type: 'string', default: '30000' },
} as const;

/**
 * `edge [options] [--] COMMAND…`: options end at the first other word, so that the command keeps its
 * own. `nx run cache-server:edge -- COMMAND…` passes on no `--`.
 */
export async function edge(args: string[]): Promise<number> {
  const { tokens } = parseArgs({
    args,
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const end = tokens.find(({ kind }) => kind !== 'option');
  const command = end ? args.slice(end.kind === 'positional' ? end.index : end.index + 1) : [];
  if (command.length === 0) {
    throw new CacheError('CONFIG_INVALID', {
      message: 'edge needs a command',
      hint: 'edge -- nx affected -t build',
    });
  }
  const { values } = parseArgs({ args: args.slice(0, end!.index), options });
  const { env } = process;
  const cacheHome = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return runEdge({
    command,
    upstream:
      values.upstream ||
      env.EXCEL2DOC_CACHE_UPSTREAM ||
      env.NX_SELF_HOSTED_REMOTE_CACHE_SERVER ||
      null,
    answerMs: milliseconds('answer-ms', values['answer-ms']),
    transferMs: milliseconds('transfer-ms', values['transfer-ms']),
    flushMs: milliseconds('flush-ms', values['flush-ms']),
    queueDirectory: join(cacheHome, 'excel2doc', 'edge-queue'),
    limits: configSchema.shape.limits.parse({}),
    environment: env,
    workspace: process.cwd(),
    warn: (line) => process.stderr.write(`excel2doc-cache: ${line}\n`),
  });
}

function milliseconds(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new CacheError('CONFIG_INVALID', {
    message: `--${name} is no number of milliseconds: ${text}`,
  });
}
