import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { DockerProject } from '../workspace/docker-project';
import { stepLines } from './progress';

/** Lies beside a stage's output and is restored with it; no key is made from it. */
const BUILD_LOG = 'build.log';

/**
 * Keeps BuildKit's whole progress in a file, as it comes. What is said of it is a line for each step
 * that took a while: Nx keeps what a task prints, and prints it again with every hit.
 */
export class BuildLog {
  /** Relative to the workspace. */
  readonly path: string;
  private file: number | undefined;
  private readonly steps: (text: string) => string[];

  constructor(
    project: DockerProject,
    stage: string,
    private readonly say: (line: string) => void,
    private readonly isVerbose = process.env['NX_VERBOSE_LOGGING'] === 'true',
  ) {
    this.folder = project.stageDir(stage);
    this.path = relative(project.root, join(this.folder, BUILD_LOG));
    this.steps = stepLines(stage);
  }

  private readonly folder: string;

  /** Whether anything was built by BuildKit. */
  get isKept(): boolean {
    return this.file !== undefined;
  }

  readonly add = (text: string): void => {
    if (this.file === undefined) {
      mkdirSync(this.folder, { recursive: true });
      this.file = openSync(join(this.folder, BUILD_LOG), 'w');
    }
    writeSync(this.file, text);
    if (this.isVerbose) process.stdout.write(text);
    else this.steps(text).forEach(this.say);
  };

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
  }
}
