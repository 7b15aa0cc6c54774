import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import { ArchivePool } from './intake/archive-pool';
import { Authenticator } from './access/authenticator';
import { Cache, type Keeping } from './cache';
import type { Config } from './config/config';
import { checkKeys } from './encryption/key-marks';
import { readKeyRing } from './encryption/key-ring';
import { Ledger } from './ledger/ledger';
import { buildServer } from './server/build-server';
import { metricsServer } from './server/care-routes';
import { Metrics } from './server/metrics';
import { UnusedConnections } from './server/unused-connections';
import { openStore } from './store/open-store';
import { Spool } from './upload/spool';

export interface RunningServer {
  /** Where it listens, without a slash at the end. */
  url: string;
  /** Takes over tokens, scopes, issuers and what to keep; the store and the port stay. */
  reload(config: Config): void;
  /** Lets running transfers end, for at most the configured time, then closes. */
  stop(): Promise<void>;
}

/** Starts a cache server; it is ready when the promise resolves. */
export async function startServer(config: Config): Promise<RunningServer> {
  const log = pino({
    level: config.log,
    redact: ['token', '*.token', '*.authorization', '*.cookie'],
  });
  const stateDirectory = config.stateDirectory!;
  await mkdir(stateDirectory, { recursive: true });
  const ring = readKeyRing(config.encryption.keys);
  const { retired } = config.encryption;
  const keys = await checkKeys(join(stateDirectory, 'keys'), ring, retired);
  // What lies there was set aside before, and may be in the clear.
  if (keys.isSweepDue)
    await rm(join(stateDirectory, 'quarantine'), { recursive: true, force: true });
  const archives = new ArchivePool();
  const spool = new Spool(join(stateDirectory, 'incoming'), archives, ring);
  await spool.clear();
  const ledger = new Ledger(join(stateDirectory, 'journal.jsonl'), ring);
  await ledger.open();
  const metrics = new Metrics(ledger, () => store.otherBytes());
  const spoolRules = { limits: config.limits, stallMs: config.limits.stallMs, keepsZstd: true };
  const parts = { spool, spoolRules, stateDirectory, ring, retired };
  const store = await openStore(config.store, parts, (event) => {
    if (event.kind === 'damaged') {
      metrics.damaged.inc();
      ledger.recordRemoved(event.key);
      log.error({ key: event.key }, 'a stored entry was damaged; it was set aside');
    } else if (event.kind === 'unreadable') {
      metrics.unreadable.inc();
      log.warn({ key: event.key }, 'no configured key opens a stored entry; it is a miss');
    } else {
      metrics.backFailures.inc();
      log.warn({ err: event.error }, 'the store behind failed');
    }
  });
  const cache = new Cache({ store, spool, ledger }, spoolRules);

  let access = new Authenticator(config);
  let keeping: Keeping = config;
  let readOnly = config.readOnly;
  let ready = true;
  const context = {
    cache,
    store,
    ledger,
    metrics,
    authenticator: () => access,
    isReadOnly: () => readOnly,
    isReady: () => ready,
    stallMs: config.limits.stallMs,
    metricsHaveOwnPort: config.metrics.listen !== undefined,
  };
  const app = buildServer(context, { logger: log, idleMs: 2 * config.limits.stallMs });
  const unused = new UnusedConnections(app.server);
  const url = await app.listen(config.listen);
  const monitor = config.metrics.listen ? metricsServer(context) : null;
  if (monitor) log.info(`metrics at ${await monitor.listen(config.metrics.listen!)}`);

  void ledger
    .reconcile(store)
    .then(async () => {
      if (!keys.isSweepDue) return;
      const removed = await cache.removeUnreadable();
      await keys.swept();
      if (removed > 0) log.warn({ removed }, 'entries that no configured key opens were removed');
    })
    .catch((error: unknown) => log.error({ err: error }, 'the store was not listed'));
  // One at a time: a bucket takes longer to remove an entry than the pause may be, and the next one
  // would choose it again.
  let evicting = false;
  const evict = async () => {
    if (evicting) return;
    evicting = true;
    await cache.evict(keeping).then(
      (count) => metrics.evicted.inc(count),
      (error: unknown) => log.error({ err: error }, 'eviction failed'),
    );
    evicting = false;
  };
  const care = setInterval(() => void evict(), config.keep.checkEveryMs).unref();

  return {
    url,
    reload: (changed) => {
      access = new Authenticator(changed);
      keeping = changed;
      readOnly = changed.readOnly;
      log.info({ tokens: changed.tokens.length }, 'the configuration was read again');
    },
    stop: async () => {
      ready = false;
      clearInterval(care);
      await monitor?.close();
      await closeWithin(app, unused, config.stopWithinMs, log);
      await ledger.close();
      await store.close();
      await archives.close();
    },
  };
}

async function closeWithin(
  app: ReturnType<typeof buildServer>,
  unused: UnusedConnections,
  withinMs: number,
  log: Logger,
): Promise<void> {
  const cut = setTimeout(() => {
    log.warn(`transfers still ran after ${withinMs} ms and were cut off`);
    app.server.closeAllConnections();
  }, withinMs);
  // A connection whose transfer has just ended would stay open for the client's next request.
  const idle = setInterval(() => {
    app.server.closeIdleConnections();
    unused.close();
  }, 100);
  await app.close();
  clearInterval(idle);
  clearTimeout(cut);
}
