import type { EngineChoice } from '@excel2doc/engine';
import type { SaidOptions } from './secret-options';
import type { NamedContexts } from './named-contexts';
import type { ProjectImage } from './project-image';

/** The project that something is done for, and the workspace around it: no type of Nx's. */
export interface WorkspaceProject {
  /** Absolute path of the workspace. */
  root: string;
  name: string;
  /** The project's folder, relative to the workspace. */
  folder: string;
  /** The engine that the workspace asks for; undefined leaves it open. */
  engineChoice?: EngineChoice | undefined;
  /** The images that the workspace's projects put into the engine. */
  images?: readonly WorkspaceImage[];
  /** Build arguments that a Compose or Bake file declares for one of the project's Dockerfiles. */
  declaredArgs?: (variant: string | undefined) => Record<string, string> | undefined;
  /** Images of other projects that one of the project's Dockerfiles names, by reference. */
  projectImages?: (variant: string | undefined) => Record<string, ProjectImage>;
  /**
   * What is said of a stage's secrets elsewhere than in the options of its Dockerfile. `below` holds where
   * those say nothing, `above` goes before them.
   */
  saidSecrets?: (
    variant: string | undefined,
    stage: string,
  ) => { below: SaidOptions[]; above: SaidOptions[] };
  /** The variables that secrets are taken from; default: this process's. */
  env?: NodeJS.ProcessEnv;
  /** Named contexts of one of the project's Dockerfiles that are no projects' images. */
  namedContexts?: (variant: string | undefined) => NamedContexts;
  /**
   * What one of the project's Dockerfiles is built by besides it, relative to the workspace: files that
   * decide about it, and whether other targets make some of what it copies or stands on.
   */
  madeOf?: (variant: string | undefined) => { files: readonly string[]; others: boolean };
  /** Folders that this project's and other projects' images and caches are written to. */
  ownOutputs?: readonly string[];
  /** The targets that make what lies at a path of the workspace, as `project:target`. */
  makersOf?: (path: string) => readonly string[];
  /**
   * The folder, absolute, in which the local cache keeps what a target of this run came from or goes
   * to; undefined where this run has none.
   */
  cacheEntry?: (target: string) => Promise<string | undefined>;
}

/** What `docker-build` of a project puts into the engine. Paths are relative to the workspace. */
export interface WorkspaceImage {
  dockerfile: string;
  image: string;
  tag?: string | undefined;
  /** Its tags are those that the target names alone. */
  skipDefaultTag?: boolean | undefined;
  /** See `DockerProject.home`. */
  home: string;
  /** The Compose services that run it, where a Compose file declares several of one Dockerfile. */
  services: readonly string[];
}
