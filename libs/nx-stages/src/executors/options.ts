/** What every executor of a Dockerfile is given. Paths are relative to the workspace. */
export interface DockerOptions {
  dockerfile: string;
  context: string;
  lockFile: string;
  /** Default: this machine's. */
  platforms?: string[];
  buildArgs?: Record<string, string>;
}
