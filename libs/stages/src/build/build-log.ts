import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { DockerProject } from '../workspace/docker-project';
import { keptLine, liveLine, readSteps } from './progress';

/** Lies beside a stage's output and is restored with it; no key is made from it. */
export const BUILD_LOG = 'build.log';

/** What is told of a stage while it is made, a line each. */
export interface Telling {
  /** What is kept with the output, and said again whenever it is a hit. */
  say: (line: string) => void;
  /** What is shown at once and kept nowhere; absent where whatever is shown is kept. */
  show?: ((line: string) => void) | undefined;
}

/**
 * Keeps BuildKit's whole progress in a file, as it comes. A person sees it live where that is not kept
 * by Nx, which prints what a task printed again with every hit; otherwise it is a line for each step
 * that took a while.
 */
export class BuildLog {
  /** Relative to the workspace. */
  readonly path: string;
  private file: number | undefined;
  private readonly steps = readSteps();

  constructor(
    project: DockerProject,
    private readonly stage: string,
    private readonly telling: Telling,
    private readonly isVerbose = process.env['NX_VERBOSE_LOGGING'] === 'true',
  ) {
    this.folder = project.stageDir(stage);
    this.path = relative(project.root, join(this.folder, BUILD_LOG));
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
    else this.tell(text);
  };

  private tell(text: string): void {
    const { stage } = this;
    const { say, show } = this.telling;
    for (const event of this.steps(text))
      if (show) liveLine(stage, event).forEach(show);
      else keptLine(stage, event).forEach(say);
  }

  close(): void {
    if (this.file !== undefined) closeSync(this.file);
  }
}
