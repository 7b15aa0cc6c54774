import type { Authenticator } from '../access/authenticator';
import type { Cache } from '../cache';
import type { Ledger } from '../ledger/ledger';
import type { Store } from '../store/store';
import type { Metrics } from './metrics';

/** What the routes work with. */
export interface ServerContext {
  cache: Cache;
  store: Store;
  ledger: Ledger;
  metrics: Metrics;
  /** The one of now: a changed configuration brings a new one. */
  authenticator(): Authenticator;
  /** Of 64 KiB, in either direction. */
  stallMs: number;
  /** Then /metrics is there, without a token, and not here. */
  metricsHaveOwnPort: boolean;
  /** True: nothing is stored, and all that is there is read. */
  isReadOnly(): boolean;
  /** False while it starts or stops. */
  isReady(): boolean;
}
