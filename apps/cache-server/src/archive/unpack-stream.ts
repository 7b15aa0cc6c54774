import type { InflateRaw } from 'node:zlib';
import { refuse } from './refusal';

/** Hands blocks to one of Node's decompressors, and what comes of them to `take`, which may throw. */
export class UnpackStream {
  /** Whether the decompressor has found its end. */
  isOver = false;
  #failure: unknown = null;
  #wake = () => undefined as void;

  constructor(
    readonly stream: InflateRaw,
    readonly take: (unpacked: Buffer) => void,
  ) {
    stream.on('data', (chunk: Buffer) => this.#unpacked(chunk));
    stream.on('error', (error) => (this.#failure ??= error));
    stream.on('end', () => {
      this.isOver = true;
      this.#wake();
    });
    // A write that is under way when the stream fails is never called back.
    stream.on('close', () => this.#wake());
  }

  get usedBytes(): number {
    return this.stream.bytesWritten;
  }

  /** Resolves when the data is unpacked and taken; it is the caller's again. */
  async write(data: Buffer): Promise<void> {
    if (data.length > 0 && !this.isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.stream.write(data, () => resolve());
      });
    }
    this.#throwFailure();
  }

  async end(): Promise<void> {
    if (!this.isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        this.stream.end();
      });
    }
    this.#throwFailure();
  }

  /** Frees the decompressor. */
  close(): void {
    this.stream.destroy();
  }

  #unpacked(chunk: Buffer): void {
    if (this.#failure !== null) return;
    try {
      this.take(chunk);
    } catch (error) {
      this.#failure = error;
      this.stream.destroy();
      this.#wake();
    }
  }

  #throwFailure(): void {
    if (this.#failure === null) return;
    if (isOfZlib(this.#failure)) refuse('nothing that can be unpacked');
    throw this.#failure;
  }
}

/** Whether a decompressor says so: what it was given is not what it takes. */
export function isOfZlib(error: unknown): boolean {
  return /^(Z_|ERR_|ZSTD_)/.test((error as NodeJS.ErrnoException | null)?.code ?? '');
}
