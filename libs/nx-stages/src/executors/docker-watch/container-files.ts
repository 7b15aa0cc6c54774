import type { Afterwards } from '@excel2doc/engine';
import {
  idsOfImage,
  inspectContainers,
  openCompose,
  type OpenedCompose,
  putFiles,
  servicesOfImage,
  whyNotPut,
} from '@excel2doc/services';
import { Outputs, type OwnFiles, pathsToPut, readOwnFiles, tarOf } from '@excel2doc/stages';
import { projectOf, type RunContext } from '../project';
import type { WatchedImage } from './watched-image';

/** What came of putting an image's files into the containers that run. */
export type Put = { files: number } | { why: string };

/**
 * The files of an image's last stage in the containers that run it. They are told apart by the image's own
 * layers, so owners, modes, links and what .dockerignore leaves out are the image's; what a layer cannot
 * add to a container (something that is gone, another command) is left to a container of the new image.
 */
export class ContainerFiles {
  /** Of what the containers have, with all that was put there. */
  private has: OwnFiles | undefined;
  private ids: string[] = [];
  /** Whether they have other files than the image that they were made of. */
  private isOther = false;
  private after: Afterwards | undefined;

  constructor(
    private image: WatchedImage,
    private context: RunContext,
  ) {}

  /** The image as the workspace has it by now. */
  become(image: WatchedImage, context: RunContext): void {
    this.image = image;
    this.context = context;
  }

  /** The services were brought up with the image as it is made now. */
  async broughtUp(): Promise<void> {
    const opened = await this.open();
    const { service } = this.image.up();
    let ids = await idsOfImage(opened, service);
    // Compose keeps a container whose image is the same, whatever was put into it.
    if (this.isOther && ids.some((id) => this.ids.includes(id))) {
      await opened.compose.up({ ...this.anew(opened), wait: true });
      ids = await idsOfImage(opened, service);
    }
    this.ids = ids;
    this.isOther = false;
    const { own } = await this.made(opened);
    // Somebody else may have made another one meanwhile.
    const images = (await inspectContainers(opened.engine, ids)).map(({ imageId }) => imageId);
    const isOf = async (image: string) =>
      typeof own !== 'string' &&
      (await opened.engine.inspectImage(image))?.layers.join() === own.diffIds.join();
    const areOfIt = await Promise.all([...new Set(images)].map(isOf));
    this.has = typeof own !== 'string' && areOfIt.every(Boolean) ? own : undefined;
  }

  /** Puts in place what is made now. @returns undefined where that is nothing */
  async put(): Promise<Put | undefined> {
    const opened = await this.open();
    const { outputs, own } = await this.made(opened);
    if (typeof own === 'string') return { why: own };
    if (!this.has) return { why: 'nothing is known of what the containers have' };
    const paths = pathsToPut(this.has, own);
    if (typeof paths === 'string') return { why: paths };
    if (paths.length === 0) return undefined;
    const ids = await idsOfImage(opened, this.image.up().service);
    if (ids.length === 0 || ids.join() !== this.ids.join())
      return { why: 'its containers are others than those that were brought up' };
    const why = await whyNotPut(opened.engine, ids, paths);
    if (why !== undefined) return { why };
    // However we end: a container is one of an image, with nothing else in it.
    this.after ??= await opened.compose.upAfterwards(this.anew(opened));
    this.isOther = true;
    this.has = undefined;
    const { stage } = this.image.options;
    try {
      await putFiles(opened.engine, ids, () => tarOf(outputs, stage, own, paths));
    } catch (error) {
      return { why: (error as Error).message };
    }
    this.has = own;
    return {
      files: paths.filter((path) => own.files.get(path)?.entry.type !== 'directory').length,
    };
  }

  /** Has the containers be those of the image. */
  async close(): Promise<void> {
    await this.after?.run();
  }

  private anew({ config }: OpenedCompose) {
    const services = servicesOfImage(config, this.image.up().service);
    return { services, forceRecreate: true, noDeps: true };
  }

  private open(): Promise<OpenedCompose> {
    return openCompose(this.image.up(), projectOf(this.context));
  }

  private async made({ engine }: OpenedCompose) {
    const outputs = await Outputs.open(this.image.loaded(), engine.platform);
    return { outputs, own: await readOwnFiles(outputs, this.image.options.stage) };
  }
}
