export interface ComposeProject {
  /** Compose files, later ones on top. */
  files: string[];
  /** Project name; the file's own when left out. */
  project?: string;
  envFile?: string;
  profiles?: string[];
  /** Values for ${…} in the files, before those of `envFile`. */
  variables?: Record<string, string>;
}

/** The options of `docker compose` that choose `project`. */
export function projectArguments(project: ComposeProject): string[] {
  return [
    '--ansi',
    'never',
    '--progress',
    'plain',
    ...project.files.flatMap((file) => ['--file', file]),
    ...(project.project ? ['--project-name', project.project] : []),
    ...(project.envFile ? ['--env-file', project.envFile] : []),
    ...(project.profiles ?? []).flatMap((profile) => ['--profile', profile]),
  ];
}
