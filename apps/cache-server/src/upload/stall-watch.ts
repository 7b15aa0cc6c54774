import { CacheError } from '../error';

/** What a sender must bring in each period; below it, holding a connection open costs nothing. */
const progressBytes = 64 * 1024;

/** Notices a sender that trickles. Count the bytes as they come; stop it at the end. */
export class StallWatch {
  #bytes = 0;
  #failure: CacheError | null = null;
  #reject: (error: Error) => void = () => undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(stallMs: number) {
    this.#timer = setInterval(() => {
      if (this.#bytes < progressBytes) {
        const message = `less than 64 KiB came within ${stallMs} ms`;
        this.#failure = new CacheError('UPLOAD_STALLED', { message });
        this.#reject(this.#failure);
      }
      this.#bytes = 0;
    }, stallMs);
  }

  count(bytes: number): void {
    this.#bytes += bytes;
  }

  /**
   * What `next` gives, unless the sender stalls first. Not `Promise.race` with one promise for the
   * whole upload: that one would hold on to every chunk until its end.
   *
   * @throws CacheError `UPLOAD_STALLED`
   */
  wait<T>(next: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#reject = reject;
      next.then(resolve, reject);
    });
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
