import type { Readable } from 'node:stream';

/** Names are lower-case words, values ASCII, 2 KB in all: what every provider takes. */
export type ObjectMetadata = Readonly<Record<string, string | undefined>>;

/** A bucket as its provider has it. What an object means is not known here. */
export interface ObjectBucket {
  get(name: string): Promise<{ body: Readable; metadata: ObjectMetadata } | null>;
  head(name: string): Promise<{ sizeBytes: number; metadata: ObjectMetadata } | null>;
  /** Makes an object whole or not at all, and only where there is none of that name. */
  putNew(name: string, body: Readable, metadata: Record<string, string>): Promise<'stored' | 'exists'>; // prettier-ignore
  /** No failure where there is none. */
  remove(name: string): Promise<void>;
  /** The names that begin with `prefix`. */
  names(prefix: string): AsyncIterable<string>;
  /** Throws when it cannot serve. */
  check(): Promise<void>;
  close(): Promise<void>;
}
