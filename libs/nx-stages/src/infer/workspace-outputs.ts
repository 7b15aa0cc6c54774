import { posix } from 'node:path';
import type { NxJsonConfiguration, TargetConfiguration } from '@nx/devkit';
import { isOurs, type Maker, makersIn } from './makers';
import { andAbove, OutputIndex } from './output-index';
import type { ProjectFiles } from './project-files';
import { outputsOf, type TargetOutput, withTargetDefaults } from './target-outputs';
import type { TrackedFiles } from './tracked-files';

/**
 * Which targets make what: those that project.json and package.json declare. What other plugins infer
 * is not visible while targets are inferred, so of a project that declares no `build` the targets are
 * meant that plugins are told to call so; Nx passes over those that do not exist.
 */
export class WorkspaceOutputs {
  private declared: OutputIndex | undefined;
  private readonly declaring = new Set<string>();

  private readonly roots: ReadonlySet<string>;
  private readonly folders: ReadonlySet<string>;

  /** @param projectFiles project.json and package.json files, relative to the workspace */
  constructor(
    projectFiles: readonly string[],
    private readonly nxJson: NxJsonConfiguration,
    private readonly around: {
      tracked: TrackedFiles;
      files: ProjectFiles;
      nameAt: (root: string) => string;
    },
  ) {
    this.roots = new Set(projectFiles.map((file) => posix.dirname(file)));
    this.folders = new Set([...this.roots].flatMap(andAbove));
  }

  /** Whether a target makes it, and it is not merely a folder above what several make. */
  isMade(path: string): boolean {
    return this.all().holds(path);
  }

  /** Those of `makersIn`; where nothing is declared of what git does not know, who is meant by its place. */
  makersAt(path: string): Maker[] {
    const declared = makersIn(this.all(), this.around.tracked, path);
    return declared.length > 0 || this.around.tracked.kind(path) ? declared : this.guessedAt(path);
  }

  /** Whether it is a project's folder, or one that holds some. */
  isProjectOrAbove(path: string): boolean {
    return this.folders.has(path) || this.isProject(path);
  }

  /** Who makes it, by its place: below a project's folder, or in `dist` under the project's path. */
  private guessedAt(path: string): Maker[] {
    const root = this.projectOf(path);
    if (root === undefined) return [];
    const project = this.around.nameAt(root);
    return this.buildNames()
      .filter((target) => !this.declaring.has(`${project}:${target}`))
      .map((target) => ({ project, target }));
  }

  private projectOf(path: string): string | undefined {
    const parts = path.split('/');
    const above = parts.map((_, at) => parts.slice(0, at).join('/')).reverse();
    // `dist/apps/web/assets`: the longest part of it that is a project's folder.
    const within = parts.flatMap((_, from) => {
      const end = parts.slice(from + 1);
      return end.map((_, at) => end.slice(0, end.length - at).join('/'));
    });
    return [...within, ...above].find((folder) => this.isProject(folder || '.'));
  }

  private isProject(folder: string): boolean {
    return ['project.json', 'package.json'].some(
      (name) => this.around.tracked.kind(posix.join(folder, name)) === 'file',
    );
  }

  /** `build`, and what nx.json tells plugins to call it. */
  private buildNames(): string[] {
    const told = (this.nxJson.plugins ?? []).flatMap((entry) => {
      if (typeof entry === 'string') return [];
      const options = (entry.options ?? {}) as Record<string, unknown>;
      const build = options['build'] as { targetName?: unknown } | undefined;
      return [options['buildTargetName'], build?.targetName].filter(
        (each) => typeof each === 'string',
      );
    });
    return [...new Set(['build', ...told])];
  }

  private all(): OutputIndex {
    this.declared ??= new OutputIndex(
      [...this.roots].sort().flatMap((root) => this.outputsIn(root)),
    );
    return this.declared;
  }

  private outputsIn(root: string): TargetOutput[] {
    const name = root.split('/').includes('node_modules') ? undefined : this.nameOf(root);
    if (name === undefined) return [];
    const [own, manifest] = ['project.json', 'package.json'].map((file) =>
      this.around.files.readableAt(posix.join(root, file)),
    );
    const scripts = Object.keys(manifest?.scripts ?? {}).map((script) => [script, {}] as const);
    const targets = {
      ...Object.fromEntries(scripts),
      ...manifest?.nx?.targets,
      ...own?.targets,
    } as Record<string, TargetConfiguration>;
    return Object.entries(targets).flatMap(([target, own]) => {
      // What this plugin makes is no output that an image copies.
      if (isOurs(target, own)) return [];
      this.declaring.add(`${name}:${target}`);
      const whole = withTargetDefaults(target, own, { project: name, nxJson: this.nxJson });
      return outputsOf({ root, name }, target, whole);
    });
  }

  private nameOf(root: string): string | undefined {
    try {
      return this.around.nameAt(root);
    } catch {
      return undefined;
    }
  }
}
