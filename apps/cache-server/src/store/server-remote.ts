import type { Readable } from 'node:stream';
import type { ServerStoreConfig } from '../config/config';
import type { EntryKey } from '../entry-key';
import { UpstreamClient } from '../upstream/upstream-client';
import { readsOf, type Spool, type SpoolRules } from '../upload/spool';
import type { Fetched, Remote } from './remote';
import type { EntryRecord } from '../entry/entry-record';

const answerMs = 10_000;

/**
 * Another cache server. Each of our scopes is one of its tokens, and so one of its scopes; a scope
 * without a token is not known there, so that nothing crosses from one to another on the way.
 */
export class ServerRemote implements Remote {
  readonly #clients = new Map<string, UpstreamClient>();

  constructor(
    readonly config: ServerStoreConfig,
    readonly spool: Spool,
    readonly spoolRules: SpoolRules,
  ) {
    for (const [scope, token] of Object.entries(config.tokens)) {
      const { url, timeoutMs } = config;
      const options = { url, token: async () => token, answerMs, transferMs: timeoutMs };
      this.#clients.set(scope, new UpstreamClient(options));
    }
  }

  async fetch({ scope, hash }: EntryKey): Promise<Fetched | null> {
    const rules = { ...this.spoolRules, owner: readsOf(scope) };
    const spooled = await this.#clients.get(scope)?.download(hash, this.spool, rules);
    if (!spooled) return null;
    const { sizeBytes, sha256, outputs, packing, signature } = spooled;
    const writer = new URL(this.config.url).host;
    const createdAtMs = Date.now();
    const record = { sizeBytes, sha256, outputs, writer, createdAtMs, packing, signature };
    return { spooled, record };
  }

  async send(
    { scope, hash }: EntryKey,
    body: () => Readable,
    record: EntryRecord,
  ): Promise<'stored' | 'exists'> {
    const outcome = await this.#clients.get(scope)?.upload(hash, body, record);
    return outcome === 'stored' ? 'stored' : 'exists';
  }

  async remove(): Promise<void> {}

  async *keys(): AsyncIterable<EntryKey> {}

  async describe(): Promise<null> {
    return null;
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }
}
