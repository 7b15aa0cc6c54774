import { parseArgs } from 'node:util';
import { CacheError } from '../error';

const usage = `excel2doc-cache: a remote cache for Nx

  excel2doc-cache serve [--config cache.yaml]
  excel2doc-cache edge [--upstream URL] -- COMMAND…
  excel2doc-cache check-config [--config cache.yaml] [--token TOKEN|-] [--claims FILE]
  excel2doc-cache purge [--upstream URL] [--hash H] [--project P] [--target T] [--before TIME] [--all]
  excel2doc-cache token new --scope SCOPE [--name NAME] [--read-only]
  excel2doc-cache key new [--encryption] --out FILE
`;

/**
 * Threads for files and decompression. Node's four would all wait for the disk as soon as four
 * uploads are synced at once, and every read behind them.
 */
process.env.UV_THREADPOOL_SIZE ??= '16';

/** Each command loads what it needs: a server on a disk takes 4 MB less without an HTTP client. */
async function main(args: string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === 'serve') {
    const { values } = parseArgs({ args: rest, options: { config: { type: 'string' } } });
    const { serve } = await import('./serve.js');
    return serve(values.config ?? process.env.EXCEL2DOC_CACHE_CONFIG ?? 'cache.yaml');
  }
  if (command === 'check-config') {
    const { checkConfig } = await import('./check-config.js');
    return checkConfig(rest);
  }
  if (command === 'purge') {
    const { purge } = await import('./purge.js');
    return purge(rest);
  }
  if (command === 'edge') {
    const { edge } = await import('./edge.js');
    return edge(rest);
  }
  if (command === 'token' && rest[0] === 'new') {
    const { tokenNew } = await import('./token-new.js');
    return tokenNew(rest.slice(1));
  }
  if (command === 'key' && rest[0] === 'new') {
    const { keyNew } = await import('./key-new.js');
    return keyNew(rest.slice(1));
  }
  process.stderr.write(usage);
  return command === undefined || command === '--help' ? 0 : 2;
}

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    const hint = error instanceof CacheError && error.hint ? `\n${error.hint}` : '';
    process.stderr.write(
      `excel2doc-cache: ${error instanceof Error ? error.message : String(error)}${hint}\n`,
    );
    process.exitCode = 1;
  },
);
