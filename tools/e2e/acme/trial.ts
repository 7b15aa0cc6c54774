import { join } from 'node:path';
import type { Engine } from '@excel2doc/engine';
import type { StandIn } from '../package/base';
import { type ImageContent, imageContent } from '../package/compare';
import type { ForeignWorkspace } from '../package/workspace';
import type { Edit } from './edits';
import { IMAGES } from './images';
import { PlainBuilds } from './plain';
import { Acme } from './workspace';

/** Of images, by what stands behind the prefix of their names. */
export type Contents = Record<string, ImageContent>;

/** What follows of an edit. */
export interface Followed {
  /** As `nx affected` says. */
  affected: string[];
  /** The tasks that a run of all images ran. */
  made: string[];
  /** What the engine then has. */
  ours: Contents;
  /** What BuildKit makes of the commit: it is built while the next edit is made. */
  plain: Promise<Contents>;
}

/** acme with one Nx, edit by edit. */
export class Trial {
  readonly acme: Acme;
  private readonly builds: PlainBuilds;
  private readonly known = new Map<string, ImageContent>();
  private bases: Record<string, StandIn>;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly engine: Engine,
    standIn: StandIn,
    { folder, env, prefix }: { folder: string; env: ForeignWorkspace['env']; prefix: string },
  ) {
    this.acme = new Acme(join(folder, 'acme'), env, prefix);
    this.builds = new PlainBuilds(engine, this.acme, folder);
    this.bases = Object.fromEntries(standIn.references.map((name) => [name, standIn]));
  }

  /** Makes the workspace and builds all of it. */
  async start(nxVersion: string): Promise<void> {
    const [standIn] = Object.values(this.bases);
    await this.acme.start(nxVersion, standIn!);
    await this.acme.build();
    await this.builds.start();
  }

  /** Has a base image be another one from now on, for both. */
  takeBase(reference: string, base: StandIn): void {
    this.bases = { ...this.bases, [reference]: base };
    this.acme.nameBase(reference, base);
  }

  /** Makes an edit, commits it, asks what it affects and builds all images. */
  async follow({ apply }: Edit): Promise<Followed> {
    apply(this.acme);
    const commit = await this.acme.commit();
    const plain = this.last.then(this.builds.prepare(commit, this.bases));
    // Whoever asks for it is told of a failure; the next one is built all the same.
    this.last = plain.catch(() => undefined);
    const affected = await this.acme.affected();
    const made = await this.acme.build();
    return { affected, made, ours: await this.ours(), plain };
  }

  /** @throws where the engine has another image than the outputs */
  private async ours(): Promise<Contents> {
    const { prefix } = this.acme;
    const listed = await this.engine.listImages([`reference=${prefix}/*:dev`]);
    const has = new Map(listed.map(({ repository, id }) => [repository, id]));
    const ours: Contents = {};
    for (const [image, { home }] of Object.entries(IMAGES)) {
      const name = `${prefix}/${image}`;
      const digest = this.acme.digestOf(home);
      if (has.get(name) !== digest)
        throw new Error(`${name} is ${has.get(name)} in the engine, ${digest} in dist`);
      ours[image] = this.known.get(digest) ?? (await imageContent(this.engine, `${name}:dev`));
      this.known.set(digest, ours[image]);
    }
    return ours;
  }
}
