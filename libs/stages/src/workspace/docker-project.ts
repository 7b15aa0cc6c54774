import { join } from 'node:path';
import { type Engine, type EngineChoice, locateEngine } from '@excel2doc/engine';
import { mergedArgs } from './build-args';
import type { Builders } from './builders';
import type { DockerOptions } from './docker-options';
import { type Given as GivenSecrets, givenBy } from './given-secrets';
import type { NamedContexts } from './named-contexts';
import { dockerTarget, homeOf, planFolder, stageFolder } from './paths';
import { enginePlatform, wantedPlatforms } from './platform';
import type { ProjectImage } from './project-image';
import type { WorkspaceProject } from './workspace-project';

/** What of a Dockerfile's options has a default. */
type Given = Partial<DockerOptions> & Pick<DockerOptions, 'context' | 'lockFile'>;

/**
 * One Dockerfile of a project, with all that its stages are planned, built and moved by. Made once
 * by whoever starts and passed on.
 */
export class DockerProject {
  /** Absolute path of the workspace. */
  readonly root: string;
  /** Where outputs go below dist: the project's folder, and the Dockerfile's name where it is not the main one. */
  readonly home: string;
  private located: Promise<Engine> | undefined;

  constructor(
    readonly project: WorkspaceProject,
    readonly options: Given,
  ) {
    this.root = project.root;
    this.home = homeOf(project.folder, options.variant);
  }

  get variant(): string | undefined {
    return this.options.variant;
  }

  /** Absolute path of the build context. */
  get contextDir(): string {
    return this.absolute(this.options.context);
  }

  /** Relative to the workspace. */
  get dockerfile(): string {
    return this.options.dockerfile ?? join(this.project.folder, 'Dockerfile');
  }

  /** Relative to the workspace. */
  get lockFile(): string {
    return this.options.lockFile;
  }

  /**
   * What it is built for, in normal form: this machine's platform where nobody says.
   *
   * @throws StagesError `OPTION_REFUSED` for what is no platform
   */
  get platforms(): string[] {
    const { platforms } = this.options;
    return platforms ? wantedPlatforms(platforms) : [enginePlatform()];
  }

  /** Who runs its RUN steps: in no key. */
  get builders(): Builders | undefined {
    return this.options.builders;
  }

  /** The declared build arguments, with the options' own over them; absent where there are none. */
  get buildArgs(): { buildArgs?: Record<string, string> } {
    return mergedArgs(this.project.declaredArgs?.(this.variant), this.options.buildArgs);
  }

  /** The images that it names and other projects build, by reference. */
  get projectImages(): Record<string, ProjectImage> {
    return this.project.projectImages?.(this.variant) ?? {};
  }

  /** The named contexts that are no projects' images. */
  get namedContexts(): NamedContexts {
    return this.project.namedContexts?.(this.variant) ?? {};
  }

  get env(): NodeJS.ProcessEnv {
    return this.project.env ?? process.env;
  }

  private readonly secretsOf = new Map<string, GivenSecrets>();

  /** The secrets and SSH agents that a stage is given. @throws StagesError `SECRET_INVALID` */
  given(stage: string): GivenSecrets {
    const known = this.secretsOf.get(stage);
    if (known) return known;
    const said = this.project.saidSecrets?.(this.variant, stage) ?? { below: [], above: [] };
    const own = { options: this.options, by: `the target ${dockerTarget('plan', this.variant)}` };
    const given = givenBy([...said.below, own, ...said.above], this);
    this.secretsOf.set(stage, given);
    return given;
  }

  get engineChoice(): EngineChoice | undefined {
    return this.project.engineChoice;
  }

  /** The engine, looked for when it is first asked for. @throws EngineError where none answers */
  readonly engine = (): Promise<Engine> =>
    (this.located ??= locateEngine({ choice: this.engineChoice }));

  /** @param path relative to the workspace */
  absolute(path: string): string {
    return join(this.root, path);
  }

  /** Absolute path of the folder with the plans. */
  get planDir(): string {
    return this.absolute(planFolder(this.home));
  }

  /** Absolute path of a stage's outputs, all platforms. */
  stageDir(stage: string): string {
    return this.absolute(stageFolder(this.home, stage));
  }
}
