import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '@excel2doc/engine';
import type { RemoteCache } from '@excel2doc/oci';
import { isBuilderGone } from '../workspace/builders';
import { isDisbelief } from './disbelief';
import type { FileHere } from './kept-file';
import type { KeptMount } from './kept-mounts';
import { ListingStore } from './listing-store';
import { MountBlobs } from './mount-blobs';
import { type HelperBuild, MountHelper } from './mount-helper';
import { fillMounts, clearMounts } from './fill-mounts';
import { harvestMount } from './harvest-mount';
import { parseMountList, type Lying } from './mount-list';
import type { OpenMount } from './open-mount';
import { plainLine } from './plain-line';

export interface KeeperOptions {
  cache: RemoteCache;
  mounts: readonly KeptMount[];
  budgetBytes: number;
  build: Omit<HelperBuild, 'scratch'>;
  say: (line: string) => void;
}

/**
 * Keeps what lies in a stage's cache mounts in the remote cache: puts it in place before a build, takes
 * what is new after it. It saves downloads and decides nothing: whatever goes wrong with it is a line, and
 * the build goes on with what there is.
 */
export class MountKeeper {
  private opened: OpenMount[] = [];
  private filled = new Map<KeptMount, FileHere[]>();

  private constructor(
    private readonly options: KeeperOptions,
    private readonly helper: MountHelper,
    private readonly blobs: MountBlobs,
    private readonly scratch: string,
  ) {}

  static async open({ say, ...given }: KeeperOptions): Promise<MountKeeper> {
    const scratch = await mkdtemp(join(tmpdir(), 'nx-stages-mounts-'));
    // Much of what is said comes from a listing, a server or an archive, and may end in the log of a CI.
    const options = { ...given, say: (line: string) => say(plainLine(line)) };
    const helper = new MountHelper({ ...options.build, scratch });
    return new MountKeeper(options, helper, new MountBlobs(options.cache, scratch), scratch);
  }

  async close(): Promise<void> {
    await this.orSay('they are not closed', async () => {
      await rm(this.scratch, { recursive: true, force: true });
      await this.options.cache.close();
    });
  }

  /**
   * Puts what was kept where it is not.
   *
   * @throws EngineError where the builder is not there: nor would the build find it
   */
  async restore(): Promise<void> {
    const without = 'what was kept is not put in place';
    const restored = async () => {
      const { cache, mounts, budgetBytes, say } = this.options;
      const all = mounts.map(async (mount): Promise<OpenMount> => {
        const store = new ListingStore(cache, mount.slot);
        const known = await store.newest();
        return { mount, store, known, seenMs: known?.atMs };
      });
      const failures = new Set<string>();
      for (const each of await Promise.allSettled(all))
        if (each.status === 'fulfilled') this.opened.push(each.value);
        else failures.add((each.reason as Error).message);
      for (const message of failures) say(`! cache mounts: ${without}: ${message}`);
      const kept = this.opened.filter(({ known }) => known);
      if (kept.length === 0) return;
      const lying = await this.list(kept.map(({ mount }) => mount));
      const onFill = (filled: typeof this.filled) => (this.filled = filled);
      const parts = { helper: this.helper, blobs: this.blobs, budgetBytes, onFill, say };
      await fillMounts(kept, lying, parts);
    };
    await this.orSay(without, restored, isBuilderGone);
  }

  /**
   * Whether a build that failed may have failed of what was put in place: its tools found it to be another
   * than what they asked for. It is taken away again then, and the build is worth another try.
   */
  async retreat(error: unknown): Promise<boolean> {
    const kinds = [...this.filled.keys()].map(({ kind }) => kind);
    if (!(error instanceof EngineError) || !isDisbelief(error, kinds)) return false;
    const files = this.filled;
    this.filled = new Map();
    const hasGone = await this.orSay('what was put in place stays', () =>
      clearMounts(files, this.helper),
    );
    if (!hasGone) return false;
    this.options.say('! what was kept of its cache mounts was refused: it is built without');
    for (const each of this.opened) each.known = undefined;
    return true;
  }

  /** Keeps what is new. */
  async harvest(): Promise<void> {
    const without = 'what is new in them is not kept';
    await this.orSay(without, async () => {
      if (this.opened.length === 0) return;
      const { budgetBytes, say } = this.options;
      const lying = await this.list(this.opened.map(({ mount }) => mount));
      const parts = { helper: this.helper, blobs: this.blobs, budgetBytes, say };
      for (const each of this.opened)
        await this.orSay(without, () => harvestMount(each, lying.get(each.mount) ?? [], parts));
    });
  }

  /** What lies in mounts now. */
  private async list(mounts: readonly KeptMount[]): Promise<Map<KeptMount, Lying[]>> {
    const found = new Map<KeptMount, Lying[]>();
    await this.helper.read('list', mounts, async () => undefined, async ({ entry, content }) => {
      const mount = mounts[Number(/^(\d+)\.list$/.exec(entry.path)?.[1])];
      if (!mount) return;
      const parts: Buffer[] = [];
      for await (const chunk of content()) parts.push(Buffer.from(chunk));
      found.set(mount, parseMountList(Buffer.concat(parts).toString('utf8')));
    }); // prettier-ignore
    return found;
  }

  /**
   * @param isEnd whether an error is more than a line
   * @returns whether it went well
   */
  private async orSay(
    without: string,
    act: () => Promise<void>,
    isEnd: (error: unknown) => boolean = () => false,
  ): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      if (isEnd(error) || (error instanceof EngineError && error.code === 'CANCELLED')) throw error;
      const { message } = error as Error;
      this.options.say(`! cache mounts: ${without}: ${message}`);
      return false;
    }
  }
}
