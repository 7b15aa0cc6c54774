import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { type Digest, type ImageRecord, layoutSource } from '@excel2doc/oci';
import { debianProgram } from '@excel2doc/oci/testing/debian';
import { writeFullLayout } from '@excel2doc/oci/testing/images';
import { directory, file } from '@excel2doc/oci/testing/trees';
import type { ExecutorContext } from '@nx/devkit';
import { vi } from 'vitest';
import load from '../executors/load/executor';
import plan from '../executors/plan/executor';
import stage from '../executors/stage/executor';
import { platformFolder } from '../infer/paths';

/** Two stages with a RUN, one of them exported by a path, and one that only copies. */
const dockerfile = (install: string) => `FROM busybox:test AS builder
RUN echo built > /opt/result

FROM busybox:test AS deps
RUN ${install}
COPY --from=builder /opt/result /opt/result

FROM deps AS runner
COPY main.sh /srv/
CMD ["sh", "/srv/main.sh"]
`;

const STAGES = ['builder', 'deps', 'runner'];

/** What an executor said and how it ended. */
export interface Said {
  success: boolean;
  text: string;
}

/** A workspace whose project `app` has the stages above, built for the real engine by the executors. */
export class StagedWorkspace {
  readonly image = `nx-stages-test/${randomBytes(4).toString('hex')}`;

  private constructor(
    readonly root: string,
    readonly engine: Engine,
    readonly context: ExecutorContext,
  ) {}

  /** @param base the folder of another workspace's base image, to build on the same */
  static async make({ base }: { base?: string } = {}): Promise<StagedWorkspace> {
    const root = await mkdtemp(join(tmpdir(), 'nx-stages-staged-'));
    const engine = await locateEngine();
    const context = {
      root,
      cwd: root,
      isVerbose: false,
      projectName: 'app',
      projectsConfigurations: { version: 2, projects: { app: { root: 'app' } } },
    } as unknown as ExecutorContext;
    const workspace = new StagedWorkspace(root, engine, context);
    await workspace.dockerfile('echo installed > /etc/installed');
    await workspace.write('app/main.sh', 'echo one');
    await workspace.write('lock.json', '{"format":1,"images":{}}');
    if (base) await cp(base, workspace.baseFolder, { recursive: true });
    else await workspace.makeBase();
    await workspace.nameBase();
    return workspace;
  }

  get options() {
    return { dockerfile: 'app/Dockerfile', context: 'app', lockFile: 'lock.json' };
  }

  get baseFolder(): string {
    return join(this.root, 'base');
  }

  async write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(this.root, path)), { recursive: true });
    await writeFile(join(this.root, path), text);
    // Not the umask's: a mode is part of what is built.
    await chmod(join(this.root, path), 0o644);
  }

  /** Writes the Dockerfile. @param install what `deps` runs */
  async dockerfile(install: string): Promise<void> {
    await this.write('app/Dockerfile', dockerfile(install));
  }

  folder(name: string): string {
    const platform = platformFolder(this.engine.platform);
    return join(this.root, 'dist/app/docker', name, platform);
  }

  async record(name: string): Promise<ImageRecord> {
    return JSON.parse(await readFile(join(this.folder(name), 'image.json'), 'utf8')) as ImageRecord;
  }

  /** A layer that the stage itself holds. */
  async ownLayer(name: string, at = 0): Promise<{ digest: Digest; path: string }> {
    const { layers } = await this.record(name);
    const { digest } = layers.filter(({ from }) => from === 'self')[at]!;
    return { digest, path: layoutSource(this.folder(name)).pathOf(digest) };
  }

  plan(): Promise<Said> {
    return this.say(() => plan(this.options, this.context));
  }

  /** @param rest further options of the executor */
  stage(name: string, rest: { layerRepository?: string } = {}): Promise<Said> {
    return this.say(() => stage({ ...this.options, stage: name, ...rest }, this.context));
  }

  load(): Promise<Said> {
    const options = { ...this.options, stage: 'runner', image: this.image, tag: 'test' };
    return this.say(() => load(options, this.context));
  }

  /** Plan, stages and the image in the engine. */
  async build(): Promise<void> {
    const all = [() => this.plan(), ...STAGES.map((name) => () => this.stage(name))];
    for (const step of [...all, () => this.load()]) {
      const { success, text } = await step();
      if (!success) throw new Error(text);
    }
  }

  /** The id of the image that the engine has under the project's tag. */
  async loaded(): Promise<string | undefined> {
    return (await this.engine.inspectImage(`${this.image}:test`))?.id;
  }

  async removeImages(): Promise<void> {
    for (const { tag } of await this.engine.listImages([`reference=${this.image}`]))
      await this.engine.removeImage(`${this.image}:${tag}`);
  }

  async remove(): Promise<void> {
    await this.removeImages();
    await rm(this.root, { recursive: true, force: true });
  }

  private async makeBase(): Promise<void> {
    const busybox = await readFile(debianProgram('busybox-static', 'bin/busybox'));
    const { platform } = this.engine;
    const shell = [
      directory('bin'),
      file('bin/busybox', busybox, { mode: 0o755 }),
      file('bin/sh', busybox, { mode: 0o755 }),
      ...['etc', 'opt', 'srv'].map((name) => directory(name)),
      file('etc/passwd', 'root:x:0:0::/:/bin/sh\n'),
      // Nobody else's image has this base.
      file('etc/workspace', this.image),
    ];
    const config = { Env: ['PATH=/bin'] };
    await writeFullLayout(this.baseFolder, { layers: [shell], platform, config });
  }

  private async nameBase(): Promise<void> {
    const { platform } = this.engine;
    const { manifests } = JSON.parse(
      await readFile(join(this.baseFolder, 'index.json'), 'utf8'),
    ) as { manifests: { digest: string }[] };
    const local = {
      digest: manifests[0]!.digest,
      layoutDir: this.baseFolder,
      tag: `${this.image}:base`,
    };
    const images = { 'busybox:test': { [platform]: local } };
    await this.write('images.local.json', JSON.stringify({ format: 1, images }));
  }

  private async say(action: () => Promise<{ success: boolean }>): Promise<Said> {
    const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const errors = vi.spyOn(console, 'error').mockReturnValue();
    try {
      const { success } = await action();
      const calls = [...out.mock.calls, ...errors.mock.calls];
      return { success, text: calls.map(([first]) => String(first)).join('\n') };
    } finally {
      out.mockRestore();
      errors.mockRestore();
    }
  }
}
