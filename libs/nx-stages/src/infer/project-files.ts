import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TargetConfiguration } from '@nx/devkit';
import { FolderEntries } from './folder-entries';

/** What is read of a project.json or a package.json. */
export interface ProjectFile {
  name?: string;
  targets?: Record<string, TargetConfiguration>;
  nx?: { name?: string; targets?: Record<string, TargetConfiguration> };
  scripts?: Record<string, string>;
}

/** The project files of a workspace, each read once: a graph asks for hundreds several times. */
export class ProjectFiles {
  private readonly read = new Map<string, () => ProjectFile | undefined>();

  constructor(
    private readonly workspaceRoot: string,
    private readonly entries = new FolderEntries(workspaceRoot),
  ) {}

  /**
   * Undefined where there is none.
   *
   * @param file relative to the workspace
   * @throws SyntaxError where it is no JSON
   */
  at(file: string): ProjectFile | undefined {
    let read = this.read.get(file);
    if (!read) {
      // Most projects have one of the two: an exception for each of the others would cost more than all else.
      read = this.entries.at(file) ? readAt(join(this.workspaceRoot, file)) : () => undefined;
      this.read.set(file, read);
    }
    return read();
  }

  /** Undefined as well where it cannot be read: Nx says of a project file what is wrong with it. */
  readableAt(file: string): ProjectFile | undefined {
    try {
      return this.at(file);
    } catch {
      return undefined;
    }
  }
}

function readAt(path: string): () => ProjectFile | undefined {
  try {
    const file = JSON.parse(readFileSync(path, 'utf8')) as ProjectFile;
    return () => file;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
