import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ArchivePool } from '../intake/archive-pool';
import type { ArchiveLimits } from '../archive/limits';
import { CacheError, systemCode } from '../error';
import { keyText } from '../signing/key-text';
import { Signer, TrustedKeys } from '../signing/signature';
import { Spool } from '../upload/spool';
import { UpstreamClient } from '../upstream/upstream-client';
import { DeclaredOutputs } from './declared-outputs';
import { Breaker } from './breaker';
import { startEdgeServer } from './edge-server';
import { runCommand } from './run-command';
import { readRunReport } from './read-run-report';
import { tokenSource } from './token-source';
import { UploadQueue } from './upload-queue';
import { Uploader } from './uploader';

export interface EdgeOptions {
  command: readonly string[];
  /** Null: the command just runs. */
  upstream: string | null;
  /** Until the upstream's first byte. */
  answerMs: number;
  /** Until a transfer's end. */
  transferMs: number;
  /** How long uploads may go on once the command has ended. */
  flushMs: number;
  queueDirectory: string;
  limits: ArchiveLimits;
  environment: NodeJS.ProcessEnv;
  workspace: string;
  warn: (line: string) => void;
}

const signingKeyVariable = 'EXCEL2DOC_CACHE_SIGNING_KEY';
const trustedKeysVariable = 'EXCEL2DOC_CACHE_TRUSTED_KEYS';
const queueRules = { maxBytes: 4 * 1024 ** 3, maxAgeMs: 7 * 24 * 3600 * 1000 };

/**
 * Runs one command with a cache that cannot fail it.
 *
 * @returns the command's exit status, whatever became of the upstream
 */
export async function runEdge(options: EdgeOptions): Promise<number> {
  const { command, warn, upstream } = options;
  // Who builds needs no key to sign with.
  const { [signingKeyVariable]: _key, ...environment } = options.environment;
  if (upstream === null) return runCommand(command, environment);
  const edge = await openEdge(options, upstream).catch((error: Error) => {
    warn(`runs without the remote cache: ${error.message}`);
    return null;
  });
  if (!edge) return runCommand(command, withoutCache(environment));
  const startedMs = Date.now();
  const status = await runCommand(command, {
    ...environment,
    NX_SELF_HOSTED_REMOTE_CACHE_SERVER: edge.url,
    NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: edge.token,
  });
  await edge.finish(startedMs).catch(() => undefined);
  return status;
}

interface Edge {
  url: string;
  token: string;
  finish(startedMs: number): Promise<void>;
}

async function openEdge(options: EdgeOptions, upstream: string): Promise<Edge> {
  const { environment, answerMs, transferMs, queueDirectory, limits, warn } = options;
  const signingKey = await keyText(environment, signingKeyVariable);
  // As of a variable of CI's that nobody has made: who asks for signatures is not to go without.
  if (environment[trustedKeysVariable]?.trim() === '')
    throw new CacheError('CONFIG_INVALID', { message: `${trustedKeysVariable} is set, and empty` });
  const trusted = await keyText(environment, trustedKeysVariable);
  const signer = signingKey === null ? null : new Signer(signingKey);
  const trustedKeys = trusted === null ? null : new TrustedKeys(trusted);
  const source = tokenSource(environment);
  // An identity token is another one in the next run; what it seals is for this run only.
  const secret =
    upstream + (source.isStatic ? await source.token() : randomBytes(32).toString('hex'));
  const client = new UpstreamClient({ url: upstream, token: source.token, answerMs, transferMs });
  const breaker = new Breaker((reason) =>
    warn(
      `the remote cache fails, so the run goes on without what it lacks, and uploads wait: ${reason}`,
    ),
  );
  const queue = new UploadQueue(queueDirectory, queueRules);
  await queue.open();
  await removeOrphans(queueDirectory);
  const archives = new ArchivePool(1);
  const spool = new Spool(join(queueDirectory, `incoming-${process.pid}`), archives);
  await spool.clear();
  const uploader = new Uploader(queue, client, breaker);
  const digestContent = signer !== null || trustedKeys !== null;
  const spoolRules = { limits, stallMs: transferMs, digestContent };
  const server = await startEdgeServer({
    spool,
    spoolRules,
    client,
    breaker,
    queue,
    uploader,
    secret,
    signer,
    trustedKeys,
    outputs: new DeclaredOutputs(options.workspace, environment),
  });
  const leftovers = (async () => {
    for await (const upload of queue.waiting(secret)) uploader.send(upload);
  })().catch(() => undefined);

  return {
    url: server.url,
    token: server.token,
    finish: async (startedMs) => {
      await leftovers;
      const isSent = await uploader.drain(options.flushMs, options.answerMs);
      const report =
        breaker.isOpen || !isSent ? null : await readRunReport(options.workspace, startedMs);
      if (report && report.tasks.length > 0) await client.report(report).catch(() => undefined);
      await server.close();
      await client.close();
      await archives.close();
      await spool.remove();
      if (!source.isStatic)
        for await (const upload of queue.waiting(secret)) await queue.remove(upload);
    },
  };
}

/** Folders in which the downloads and uploads of killed edges lie half-way. */
async function removeOrphans(queueDirectory: string): Promise<void> {
  for (const name of await readdir(queueDirectory)) {
    const pid = Number(/^incoming-(\d+)$/.exec(name)?.[1]);
    if (pid > 0 && !isAlive(pid))
      await rm(join(queueDirectory, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

function withoutCache({
  NX_SELF_HOSTED_REMOTE_CACHE_SERVER: _server,
  NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: _token,
  ...rest
}: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return rest;
}
