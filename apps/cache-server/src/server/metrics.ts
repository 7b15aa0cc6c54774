import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Ledger } from '../ledger/ledger';

export type Outcome =
  'hit' | 'miss' | 'stored' | 'exists' | 'refused' | 'unauthorized' | 'forbidden' | 'failed';

/** The server's Prometheus metrics; each instance has its own registry. */
export class Metrics {
  readonly registry = new Registry();
  readonly requests: Counter<'method' | 'outcome'>;
  readonly bytes: Counter<'direction'>;
  readonly seconds: Histogram<'method'>;
  readonly evicted: Counter;
  readonly damaged: Counter;
  readonly unreadable: Counter;
  readonly backFailures: Counter;

  constructor(ledger: Ledger, quarantineBytes: () => number) {
    const registers = [this.registry];
    const prefix = 'excel2doc_cache_';
    collectDefaultMetrics({ register: this.registry });
    this.requests = new Counter({
      name: `${prefix}requests_total`,
      help: 'Cache requests by what came of them',
      labelNames: ['method', 'outcome'],
      registers,
    });
    this.bytes = new Counter({
      name: `${prefix}bytes_total`,
      help: 'Bytes of entries: in is stored, out is read',
      labelNames: ['direction'],
      registers,
    });
    this.seconds = new Histogram({
      name: `${prefix}request_duration_seconds`,
      help: 'From the request to the end of the answer',
      labelNames: ['method'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
      registers,
    });
    this.evicted = new Counter({
      name: `${prefix}evicted_total`,
      help: 'Entries evicted',
      registers,
    });
    this.damaged = new Counter({
      name: `${prefix}damaged_total`,
      help: 'Entries set aside because they no longer had their digest',
      registers,
    });
    this.unreadable = new Counter({
      name: `${prefix}unreadable_total`,
      help: 'Entries asked for that no configured key opens: misses',
      registers,
    });
    this.backFailures = new Counter({
      name: `${prefix}back_failures_total`,
      help: 'Failed calls to the store behind the first tier',
      registers,
    });
    new Gauge({
      name: `${prefix}entries`,
      help: 'Entries stored',
      registers,
      collect() {
        this.set(ledger.entryCount);
      },
    });
    new Gauge({
      name: `${prefix}quarantine_bytes`,
      help: 'Bytes of damaged entries that are kept to be looked at; of the same budget',
      registers,
      collect() {
        this.set(quarantineBytes());
      },
    });
    new Gauge({
      name: `${prefix}entry_bytes`,
      help: 'Bytes of the entries stored',
      registers,
      collect() {
        this.set(ledger.totalBytes);
      },
    });
  }
}
