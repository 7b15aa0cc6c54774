/** The kinds of project that a Dockerfile is written for: language and package manager. */
export const KINDS = [
  'python-pip',
  'python-uv',
  'python-poetry',
  'node-npm',
  'node-pnpm',
  'go',
  'rust',
  'java-maven',
  'java-gradle',
] as const;
export type Kind = (typeof KINDS)[number];

/** The jar mode that lists layers, and the class that starts them; `tools` leaves a jar that starts itself. */
export type SpringBoot = { mode: 'tools' } | { mode: 'layertools'; launcher: string };

/** Everything that the text of a Dockerfile depends on. */
export interface ProjectFacts {
  kind: Kind;
  /** Of the language: `3.12`, `24`, `1.23`; `1` is the newest Rust. */
  version: string;
  /** What the container runs, as words. */
  command: string[];
  /** The port that it listens on; absent for what listens on none. */
  port?: number;
  /** Path that answers 200 while all is well, e.g. `/health`. */
  healthPath?: string;
  /** Files that the packages are installed by, relative to the project, the main one first. */
  manifests: string[];
  /** Python: the folder that holds the packages, where it is not the project's root. */
  sourceRoot?: string;
  /** Node: the folder that `npm run build` makes; absent without that script. */
  buildFolder?: string;
  /**
   * Node: version of pnpm. Go: the package to build, e.g. `./cmd/server`. Rust: the folder of the package.
   * Java: version of Maven or Gradle.
   */
  detail?: string;
  /** Rust: the name of the program. Java: the class that starts; absent where Spring Boot packs a jar. */
  program?: string;
  /** Debian packages that the program is linked with. */
  systemPackages?: string[];
  /** Variables that it runs with, as `NAME=value`. */
  environment?: string[];
  /** Java: how Spring Boot takes its jar apart, which hangs on its version. */
  springBoot?: SpringBoot;
}

/** The folders that a project is in, up to the workspace's: `..`, `../..`. */
export function foldersAbove(root: string): string[] {
  const depth = root === '.' ? 0 : root.split('/').length;
  return Array.from({ length: depth }, (_, at) =>
    Array(at + 1)
      .fill('..')
      .join('/'),
  );
}

/** The files of a project, by their paths in it; `../` leads to others of the workspace. */
export interface ProjectFiles {
  has(path: string): boolean;
  /** Undefined when there is no such file. */
  read(path: string): string | undefined;
  /** Names in a folder; of the project's root for `''`. */
  list(folder: string): string[];
}
