/** The kinds of project that a Dockerfile is written for: language and package manager. */
export const KINDS = [
  'python-pip',
  'python-uv',
  'python-poetry',
  'node-npm',
  'node-pnpm',
  'go',
] as const;
export type Kind = (typeof KINDS)[number];

/** Everything that the text of a Dockerfile depends on. */
export interface ProjectFacts {
  kind: Kind;
  /** Of the language: `3.12`, `24`, `1.23`. */
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
  /** Node: version of pnpm. Go: the package to build, e.g. `./cmd/server`. */
  detail?: string;
}

/** The files of a project, by their paths in it. */
export interface ProjectFiles {
  has(path: string): boolean;
  /** Undefined when there is no such file. */
  read(path: string): string | undefined;
  /** Names in a folder; of the project's root for `''`. */
  list(folder: string): string[];
}
