import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { type Digest, type ImageRecord, layoutSource, readLayout } from '@excel2doc/oci';
import { debianProgram } from '@excel2doc/oci/testing/debian';
import { writeFullLayout } from '@excel2doc/oci/testing/images';
import { directory, file } from '@excel2doc/oci/testing/trees';
import type { StageToMake } from '../build/make-stage';
import type { DockerOptions } from '../workspace/docker-options';
import { failureLine } from '../workspace/failure';
import { platformFolder } from '../workspace/paths';
import type { WorkspaceProject } from '../workspace/workspace-project';
import { runStep, type Step, type StepName } from './run-step';

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

/** What was said and how it ended. */
export interface Said {
  success: boolean;
  text: string;
}

/** A workspace whose project `app` has the stages above, built for the real engine. */
export class StagedWorkspace {
  readonly image = `nx-stages-test/${randomBytes(4).toString('hex')}`;

  private constructor(
    readonly root: string,
    readonly engine: Engine,
    readonly project: WorkspaceProject,
    readonly platforms: string[],
  ) {}

  /**
   * @param base the folder of another workspace's base image, to build on the same
   * @param platforms default: the engine's
   */
  static async make({
    base,
    platforms,
  }: { base?: string; platforms?: string[] } = {}): Promise<StagedWorkspace> {
    const root = await mkdtemp(join(tmpdir(), 'nx-stages-staged-'));
    const engine = await locateEngine();
    const project: WorkspaceProject = { root, name: 'app', folder: 'app' };
    const all = platforms ?? [engine.platform];
    const workspace = new StagedWorkspace(root, engine, project, all);
    await workspace.dockerfile('echo installed > /etc/installed');
    await workspace.write('app/main.sh', 'echo one');
    await workspace.write('lock.json', '{"format":1,"images":{}}');
    if (base) await cp(base, workspace.baseFolder, { recursive: true });
    else for (const platform of all) await workspace.makeBase(platform);
    await workspace.nameBases();
    return workspace;
  }

  get options() {
    const { platforms } = this;
    return { dockerfile: 'app/Dockerfile', context: 'app', lockFile: 'lock.json', platforms };
  }

  /** Where the base image for the engine's platform is. */
  get baseFolder(): string {
    return this.baseFolderOf(this.engine.platform);
  }

  private baseFolderOf(platform: string): string {
    return join(this.root, 'base', platformFolder(platform));
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

  folder(name: string, platform = this.engine.platform): string {
    return join(this.root, 'dist/app/docker', name, platformFolder(platform));
  }

  async record(name: string, platform = this.engine.platform): Promise<ImageRecord> {
    const path = join(this.folder(name, platform), 'image.json');
    return JSON.parse(await readFile(path, 'utf8')) as ImageRecord;
  }

  /** A layer that the stage itself holds. */
  async ownLayer(name: string, at = 0): Promise<{ digest: Digest; path: string }> {
    const { layers } = await this.record(name);
    const { digest } = layers.filter(({ from }) => from === 'self')[at]!;
    return { digest, path: layoutSource(this.folder(name)).pathOf(digest) };
  }

  /** @param rest further options */
  plan(rest: Partial<DockerOptions> = {}): Promise<Said> {
    return this.say('plan', { rest });
  }

  /** @param rest further options */
  stage(name: string, rest: Partial<DockerOptions & StageToMake> = {}): Promise<Said> {
    return this.say('stage', { rest, stage: name });
  }

  /** `runner` and its index, to a registry. */
  push(repository: string): Promise<Said> {
    return this.say('push', { repository, stage: 'runner' });
  }

  load(): Promise<Said> {
    return this.say('load', { stage: 'runner' });
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

  /**
   * What an image prints, which ends at once with status 0. Docker loses the output of such a container at
   * times, on a busy machine ("stream copy error: reading from a closed fifo" in its log): where there is
   * none, it is asked again.
   */
  async output(image = `${this.image}:test`): Promise<string> {
    for (let left = 3; ; left--) {
      const { exitCode, stdout, stderr } = await this.engine.run({ image });
      if (exitCode !== 0) throw new Error(`${image} ended with ${exitCode}: ${stderr}`);
      if (stdout !== '' || left === 0) return stdout;
    }
  }

  async removeImages(): Promise<void> {
    for (const { tag } of await this.engine.listImages([`reference=${this.image}`]))
      await this.engine.removeImage(`${this.image}:${tag}`);
  }

  async remove(): Promise<void> {
    await this.removeImages();
    await rm(this.root, { recursive: true, force: true });
  }

  private async makeBase(platform: string): Promise<void> {
    const [, architecture] = platform.split('/');
    const other = platform === this.engine.platform ? undefined : architecture;
    const busybox = await readFile(debianProgram('busybox-static', 'bin/busybox', other));
    const shell = [
      directory('bin'),
      file('bin/busybox', busybox, { mode: 0o755 }),
      file('bin/sh', busybox, { mode: 0o755 }),
      ...['etc', 'opt', 'srv'].map((name) => directory(name)),
      file('etc/passwd', 'root:x:0:0::/:/bin/sh\n'),
      // Nobody else's image has this base.
      file('etc/workspace', this.image),
    ];
    const config = { Env: ['PATH=/bin', 'OWNER_ID=1000'] };
    // As every builder writes it: Podman finds nothing in its cache for a base without times.
    const history = [{ created: '2024-05-06T07:08:09Z', created_by: 'a shell' }];
    const image = { layers: [shell], platform, config, history };
    await writeFullLayout(this.baseFolderOf(platform), image);
  }

  private async nameBases(): Promise<void> {
    const bases: Record<string, object> = {};
    for (const platform of this.platforms) {
      const layoutDir = this.baseFolderOf(platform);
      const { descriptor } = await readLayout(layoutDir, platform);
      bases[platform] = { digest: descriptor.digest, layoutDir, tag: `${this.image}:base` };
    }
    const images = { 'busybox:test': bases };
    await this.write('images.local.json', JSON.stringify({ format: 1, images }));
  }

  /** What `runStep` takes to do it, here or in a process of its own. */
  step(name: StepName, given: Partial<Step> = {}): Step {
    const { project, options, image } = this;
    return { name, project, options, image, ...given };
  }

  private async say(name: StepName, given: Partial<Step>): Promise<Said> {
    const said: string[] = [];
    const out = process.stdout.write.bind(process.stdout);
    // What is mended is said past `say`, as a person sees it.
    process.stdout.write = (text: string | Uint8Array) =>
      Boolean(said.push(String(text).trimEnd()));
    try {
      await runStep(this.step(name, given), (line) => said.push(line));
      return { success: true, text: said.join('\n') };
    } catch (error) {
      return { success: false, text: [...said, failureLine(error)].join('\n') };
    } finally {
      process.stdout.write = out;
    }
  }
}
