import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '@excel2doc/engine';
import { type StandIn, standInContext } from '../package/base';
import { type ImageContent, imageContent } from '../package/compare';
import { type ForeignWorkspace, shell, writeFiles } from '../package/workspace';
import { IMAGES } from './images';
import { type Acme, SECRET_FILE } from './workspace';

/** The targets of a clean checkout that make what images copy, in an order that serves all. */
const BUILT: [project: string, target: string][] = [
  ['libs/ui', 'build'],
  ['apps/web', 'build'],
  ['apps/admin', 'bundle'],
];

/**
 * Builds every image with `docker buildx bake`, as BuildKit does it, from a clone of its own: it
 * shares neither files nor outputs nor plans with the workspace under test. Compose and Bake files are
 * read by bake itself; only which images stand for which name is told it.
 */
export class PlainBuilds {
  private readonly clone: ForeignWorkspace;
  private readonly known = new Map<string, Promise<ImageContent>>();

  constructor(
    private readonly engine: Engine,
    private readonly acme: Acme,
    private readonly scratch: string,
  ) {
    this.clone = { folder: join(scratch, 'clean'), env: acme.workspace.env };
  }

  async start(): Promise<void> {
    mkdirSync(this.clone.folder, { recursive: true });
    await this.must(`git clone -q ${this.acme.workspace.folder} .`);
  }

  /**
   * What will give, for each image, the content that BuildKit makes of a commit, with the secret of this
   * moment. An image that comes out with a digest that was seen before is not read again.
   */
  prepare(commit: string, bases: Readonly<Record<string, StandIn>>) {
    const secret = this.acme.read(SECRET_FILE);
    return () => this.build(commit, bases, secret);
  }

  private async build(
    commit: string,
    bases: Readonly<Record<string, StandIn>>,
    secret: string,
  ): Promise<Record<string, ImageContent>> {
    await this.must(
      `umask 022 && git fetch -q && git clean -qxfd && git checkout -q --detach ${commit}`,
    );
    writeFiles(this.clone.folder, { [SECRET_FILE]: secret });
    for (const [folder, target] of BUILT)
      await this.must(`umask 022 && ${this.projectFile(folder).targets[target].command}`);
    const file = join(this.scratch, 'plain.json');
    const metadata = join(this.scratch, 'plain-metadata.json');
    writeFileSync(file, JSON.stringify(this.bakeFile(bases)));
    const files = ['compose.yaml', 'docker-bake.hcl', file].flatMap((each) => ['-f', each]);
    await this.bake(`--load --metadata-file ${metadata} ${files.join(' ')} plain`);
    const built = JSON.parse(readFileSync(metadata, 'utf8')) as Record<
      string,
      { 'containerimage.digest': string }
    >;
    const contents = Object.keys(IMAGES).map(async (image) => {
      const digest = built[image]?.['containerimage.digest'];
      if (!digest) throw new Error(`bake says no digest of ${image}`);
      const content = this.known.get(digest) ?? imageContent(this.engine, this.tag(image));
      this.known.set(digest, content);
      return [image, await content] as const;
    });
    return Object.fromEntries(await Promise.all(contents));
  }

  private bakeFile(bases: Readonly<Record<string, StandIn>>) {
    const { prefix } = this.acme;
    const registry = Object.entries(bases).map(([name, base]) => [name, standInContext(base)]);
    const own = Object.keys(IMAGES).flatMap((image) =>
      [`${prefix}/${image}`, `${prefix}/${image}:dev`].map((name) => [name, image] as const),
    );
    const target = Object.fromEntries(
      Object.entries(IMAGES).map(([image, { context, dockerfile, isDeclared }]) => {
        const others = own.filter(([, each]) => each !== image);
        const named = [...registry, ...others.map(([name, each]) => [name, `target:${each}`])];
        const used = named.filter(([name]) => this.names(image, name!));
        return [
          image,
          {
            ...(!isDeclared && { context, dockerfile }),
            ...(image === 'api' && { args: this.apiArguments() }),
            contexts: Object.fromEntries(used),
            tags: [this.tag(image)],
          },
        ];
      }),
    );
    return { group: { plain: { targets: Object.keys(IMAGES) } }, target };
  }

  /** Whether a Dockerfile names an image: bake builds every context that it is told. */
  private names(image: string, name: string): boolean {
    const { context, dockerfile } = IMAGES[image]!;
    const text = readFileSync(join(this.clone.folder, context, dockerfile), 'utf8');
    return text.split(/[\s=]/).includes(name);
  }

  private apiArguments(): Record<string, string> {
    return this.projectFile('apps/api').targets['docker-plan'].options.buildArgs;
  }

  private projectFile(folder: string) {
    return JSON.parse(readFileSync(join(this.clone.folder, folder, 'project.json'), 'utf8'));
  }

  private tag(image: string): string {
    return `${this.acme.prefix}/plain-${image}:1`;
  }

  /**
   * Again where it fails: BuildKit unpacks fourteen images that share layers at one time, beside loads of
   * the plugin, and in one of forty such builds finds a layer gone that it is about to build on ("parent
   * snapshot … does not exist"). What it said is in the log.
   */
  private async bake(args: string): Promise<void> {
    const line = `docker buildx bake --provenance=false ${args}`;
    for (let left = 2; ; left--) {
      const { status, output } = await shell(this.clone, line);
      if (status === 0) return;
      if (left === 0) throw new Error(`${line}\n${output}`);
      console.warn(`the reference is built again: ${output.split('\n').at(-1)}`);
    }
  }

  private async must(line: string): Promise<void> {
    const { status, output } = await shell(this.clone, line);
    if (status !== 0) throw new Error(`${line}\n${output}`);
  }
}
