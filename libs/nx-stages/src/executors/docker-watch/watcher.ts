import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openImageStore } from '@excel2doc/engine';
import { bringUp } from '../compose-up/executor';
import { stagesOf } from '../../infer/stages';
import type { RunContext } from '../project';
import { failed, sayLine } from '../report';
import { ContainerFiles } from './container-files';
import { freshContext } from './fresh-context';
import { ImageKeeper, type Kept, NxFailed } from './image-keeper';
import { type Burst, Saves } from './saves';
import { watchedPaths } from './watched';
import { WatchedImage } from './watched-image';

export interface Options {
  target: string;
  up?: boolean;
  sync?: boolean;
}

/** How often a stopped engine is asked for. */
const ENGINE_ASKED_MS = 2_000;

/** Looks at an image's files, and has the image follow them. */
export class Watcher {
  private image: WatchedImage;
  private readonly keeper: ImageKeeper;
  private readonly saves: Saves;
  /** Of the context: see `watchedPaths`. */
  private read: string[] = [];
  private stagesText: string | undefined;
  /** What was said of the failure that holds on; undefined where all is well. */
  private failure: string | undefined;
  /** Whether no engine answered when something failed. */
  private lacksEngine = false;
  /** Whether something was saved that Nx has not been asked for again. */
  private isStale = false;
  private isFirst = true;
  /** The image that the services were brought up with. */
  private isUpWith: string | undefined;
  private readonly files: ContainerFiles | undefined;
  /** Whether the containers have the files of the image that was made last. */
  private isPut = false;
  /** What was saved last that made another image. */
  private followed: ReadonlySet<string> = new Set();

  constructor(
    private readonly options: Options,
    private context: RunContext,
    private readonly stop: AbortSignal,
    isGitAtWork: () => boolean,
  ) {
    this.image = new WatchedImage(context, options.target);
    this.keeper = new ImageKeeper(this.image, stop);
    this.saves = new Saves(context.root, isGitAtWork);
    this.stagesText = this.stages();
    // Whoever asks for what cannot be is told so before anything is built.
    if (this.isUp) this.image.up();
    if (options.sync) this.files = new ContainerFiles(this.image, context);
  }

  private get isUp(): boolean {
    return this.options.up === true || this.options.sync === true;
  }

  /** @throws StagesError `CHECK_FAILED` where files cannot be watched */
  async run(): Promise<void> {
    try {
      await this.look();
      let burst: Burst | undefined = { paths: [], beganAt: performance.now() };
      while (burst && !this.stop.aborted) {
        await this.follow(burst);
        burst = await this.next();
      }
    } finally {
      await this.saves.close();
      await this.files?.close();
    }
  }

  /** The next burst; after a failure also the return of an engine that had stopped. */
  private async next(): Promise<Burst | undefined> {
    if (!this.lacksEngine) return this.saves.next(this.stop);
    const ended = new AbortController();
    const either = AbortSignal.any([this.stop, ended.signal]);
    const back = this.engineBack(either);
    const first = await Promise.race([this.saves.next(either), back]);
    ended.abort();
    return first === 'back' ? { paths: [], beganAt: performance.now() } : first;
  }

  private async follow({ paths, beganAt }: Burst): Promise<void> {
    try {
      await this.refresh(paths);
      this.isPut = false;
      const put = () => this.put(paths, beganAt);
      // What was saved while nothing looked there is in no burst: it is planned once more.
      let kept = await this.keeper.update(put);
      while (await this.look()) kept = joined(kept, await this.keeper.update(put));
      this.say(kept, await this.bringUp(kept.digest), { paths, beganAt });
      this.failure = undefined;
      this.lacksEngine = false;
    } catch (error) {
      if (this.stop.aborted) return;
      // Half of it was saved when it was read: what comes next has all of it.
      if (this.saves.isWaiting) return;
      // Asked before anything is said: whoever reads it may start the engine at once.
      this.lacksEngine = !(await this.isEngineThere());
      const lines = error instanceof NxFailed ? error.lines : await failed(error);
      this.failure = lines.join('\n');
      lines.forEach(sayLine);
      // What is wrong may be mended where nobody looked yet.
      await this.look();
    }
    this.isFirst = false;
  }

  /** Has the running containers get the files that were saved, before the engine gets the image. */
  private async put(paths: string[], beganAt: number): Promise<void> {
    if (!this.files || this.isUpWith === undefined) return;
    const put = await this.files.put();
    this.isPut = put === undefined || 'files' in put;
    if (put === undefined) return;
    if ('why' in put) {
      // Whatever they have now, only other containers are sure to be of the image.
      this.isUpWith = undefined;
      return sayLine(`not put into the container: ${put.why}`);
    }
    const seconds = ((performance.now() - beganAt) / 1000).toFixed(2);
    sayLine(
      `${this.named(paths)}: ${put.files} of its files put into the container in ${seconds} s`,
    );
  }

  /** @returns the services that run the image from now on; none where they did before */
  private async bringUp(digest: string): Promise<string[]> {
    if (!this.isUp) return [];
    if (this.isPut) this.isUpWith = digest;
    if (this.isUpWith === digest) return [];
    // What is tried out is taken away again by whoever began it: Ctrl-C waits for that.
    const services = await bringUp(this.image.up(), this.context);
    await this.files?.broughtUp();
    this.isUpWith = digest;
    return services;
  }

  private say(kept: Kept, services: string[], { paths, beganAt }: Burst): void {
    const { changed, made, digest, isOther, sentBytes } = kept;
    const { name } = this.image;
    const up = services.length > 0 ? `; ${services.join(', ')} on it and healthy` : '';
    if (this.isFirst) return sayLine(`${name} ${digest} follows its files from now on${up}`);
    if (changed === undefined && !isOther && this.failure !== undefined)
      return sayLine(`mended: ${name} is ${digest} as before${up}`);
    if (changed === undefined && made.length === 0 && !isOther) {
      // Some events of a save come when it was followed already.
      const news = paths.filter((path) => !this.followed.has(path) && !this.keeper.reads(path));
      if (news.length > 0) sayLine(`${this.named(news)}: nothing of ${name}`);
      return;
    }
    this.followed = new Set(paths);
    const seconds = ((performance.now() - beganAt) / 1000).toFixed(2);
    const stages = made.length > 0 ? `${made.join(', ')} made, ` : '';
    const sent = sentBytes > 0 ? `, ${sentBytes} bytes sent` : '';
    const image = `${name} ${digest}${isOther ? '' : ' as before'}`;
    sayLine(`${changed ?? this.named(paths)}: ${stages}${image} in ${seconds} s${sent}${up}`);
  }

  private named(paths: string[]): string {
    const [first = this.image.name, ...more] = paths.map((path) =>
      relative(this.context.root, path),
    );
    return more.length > 0 ? `${more.length + 1} files` : first;
  }

  /** Asks Nx for the workspace again where what is saved may have changed what Nx knows of the image. */
  private async refresh(paths: string[]): Promise<void> {
    const stages = this.stages();
    const declaring = new Set(
      this.image.declaring().map((path) => this.image.planned().absolute(path)),
    );
    this.isStale ||= paths.some((path) => declaring.has(path));
    if (!this.isStale && (stages === undefined || stages === this.stagesText)) return;
    this.context = await freshContext(this.context, this.stop);
    this.image = new WatchedImage(this.context, this.image.target);
    this.keeper.become(this.image);
    this.files?.become(this.image, this.context);
    this.isStale = false;
    this.stagesText = this.stages();
  }

  /** What the graph is made of, of the Dockerfile; undefined where it cannot be read. */
  private stages(): string | undefined {
    const { root, dockerfile, lockFile, options, buildArgs } = this.image.planned();
    const source = { dockerfile, lockFile, targets: options.targets ?? [], ...buildArgs };
    try {
      return JSON.stringify(stagesOf(root, source).map(({ line: _, ...stage }) => stage));
    } catch {
      return undefined;
    }
  }

  /** @returns whether it looks at other paths than before */
  private look(): Promise<boolean> {
    const { keeper, image } = this;
    const { watched, context } = watchedPaths(
      image.planned(),
      image.declaring(),
      keeper.planned,
      this.read,
    );
    this.read = context;
    return this.saves.watch(watched);
  }

  private isEngineThere(): Promise<boolean> {
    return openImageStore({ choice: this.image.loaded().engineChoice }).then(
      () => true,
      () => false,
    );
  }

  private async engineBack(ended: AbortSignal): Promise<'back' | undefined> {
    while (!ended.aborted) {
      await sleep(ENGINE_ASKED_MS, undefined, { signal: ended }).catch(() => undefined);
      if (!ended.aborted && (await this.isEngineThere())) return 'back';
    }
    return undefined;
  }
}

function joined(first: Kept, second: Kept): Kept {
  return {
    changed: first.changed ?? second.changed,
    made: [...new Set([...first.made, ...second.made])],
    digest: second.digest,
    isOther: first.isOther || second.isOther,
    sentBytes: first.sentBytes + second.sentBytes,
  };
}
