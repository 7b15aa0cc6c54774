import { Readable } from 'node:stream';
import { type Digest, hasCode, nameOf, type RemoteCache } from '@excel2doc/oci';
import {
  type Listing,
  merged,
  MOST_BYTES,
  parseListing,
  serialiseListing,
  within,
} from './listing';

const DAY_MS = 24 * 3600 * 1000;
/** How far back a listing is looked for: as long as a layer is kept unread on a machine. */
const DAYS = 30;
/** Listings of one mount in a day; more are not written. */
const A_DAY = 64;
const ASKED_AT_ONCE = 8;

interface Place {
  day: number;
  count: number;
}

/**
 * The listings of a mount as entries of a cache in which no entry ever changes: each has a name of its
 * own, by the day and a number, which whoever looks for the newest can count. Who is first gets the name.
 */
export class ListingStore {
  constructor(
    private readonly cache: RemoteCache,
    /** Which mount it is. */
    private readonly slot: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** @throws OciError `REMOTE_CACHE` */
  async newest(): Promise<Listing | undefined> {
    const place = await this.lastPlace();
    return place && this.read(place);
  }

  /**
   * Writes down what is kept now. What another build wrote meanwhile stays in it.
   *
   * @param known when the listing was written that this one goes on from
   * @returns why it is not written down; undefined where it is
   * @throws OciError `REMOTE_CACHE`; Error where it is too long
   */
  async add(
    listing: Listing,
    budgetBytes: number,
    known: number | undefined,
  ): Promise<string | undefined> {
    let { files } = listing;
    let seen = known;
    for (let tries = 0; tries < 5; tries++) {
      const last = await this.lastPlace();
      const other = last && (await this.read(last));
      if (other && other.atMs !== seen) {
        files = within(merged(other.files, files), budgetBytes);
        seen = other.atMs;
      }
      const day = Math.max(this.today(), last?.day ?? 0);
      const count = last?.day === day ? last.count + 1 : 0;
      if (count >= A_DAY) return `${A_DAY} lists of it were written today`;
      const bytes = serialiseListing({ ...listing, files });
      const name = this.name({ day, count });
      if ((await this.cache.put(name, bytes.length, Readable.from([bytes]))) === 'stored')
        return undefined;
    }
    return 'other builds were faster each time';
  }

  private today(): number {
    return Math.floor(this.now() / DAY_MS);
  }

  private name({ day, count }: Place): Digest {
    return nameOf(`mount ${this.slot} ${day} ${count}`);
  }

  private async lastPlace(): Promise<Place | undefined> {
    // Tomorrow's too: a writer's clock may be ahead.
    const today = this.today();
    const days = Array.from({ length: DAYS + 2 }, (_, back) => today + 1 - back);
    const first = await this.firstThere(days.map((day) => ({ day, count: 0 })));
    if (!first) return undefined;
    let low = 0;
    for (let high = A_DAY; high - low > 1;) {
      const middle = (low + high) >> 1;
      if (await this.cache.has(this.name({ day: first.day, count: middle }))) low = middle;
      else high = middle;
    }
    return { day: first.day, count: low };
  }

  private async firstThere(places: readonly Place[]): Promise<Place | undefined> {
    for (let at = 0; at < places.length; at += ASKED_AT_ONCE) {
      const some = places.slice(at, at + ASKED_AT_ONCE);
      const have = await Promise.all(some.map((place) => this.cache.has(this.name(place))));
      const found = some.find((_, index) => have[index]);
      if (found) return found;
    }
    return undefined;
  }

  private async read(place: Place): Promise<Listing | undefined> {
    try {
      const parts: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of await this.cache.openNamed(this.name(place))) {
        bytes += (chunk as Buffer).length;
        if (bytes > MOST_BYTES) return undefined;
        parts.push(chunk as Buffer);
      }
      return parseListing(Buffer.concat(parts));
    } catch (error) {
      // It went meanwhile, is damaged, or is none: as if nothing had been kept, so that a newer one comes.
      if (!hasCode(error, 'REMOTE_CACHE')) return undefined;
      throw error;
    }
  }
}
