import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type {
  NxJsonConfiguration,
  ProjectConfiguration,
  RawProjectGraphDependency,
} from '@nx/devkit';
import { isDockerfile } from '../infer/dockerfile-name';
import { createDependencies } from '../infer/create-dependencies';
import { createNodes } from '../infer/create-nodes';
import type { PluginOptions } from '@excel2doc/stages';

/** A workspace in a folder of its own, as the plugin sees it. */
export class InferredWorkspace {
  readonly root = mkdtempSync(join(tmpdir(), 'inferred-'));

  remove(): void {
    rmSync(this.root, { recursive: true });
  }

  /** The projects by root, as Nx merges what the plugin gives for each file. */
  infer(
    files: Record<string, string>,
    options: PluginOptions = {},
    nxJsonConfiguration: NxJsonConfiguration = {},
  ): Record<string, ProjectConfiguration> {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, file)), { recursive: true });
      writeFileSync(join(this.root, file), text);
    }
    const found = Object.keys(files).filter(
      (file) =>
        isDockerfile(file) ||
        /compose\.ya?ml$|docker-bake\.(hcl|json)$|(^|\/)(project|package)\.json$/.test(file),
    );
    const context = { workspaceRoot: this.root, nxJsonConfiguration };
    const projects: Record<string, ProjectConfiguration> = {};
    for (const [, { projects: each = {} }] of createNodes(found, options, context)) {
      for (const [root, { targets, ...rest }] of Object.entries(each)) {
        const merged = { ...projects[root]?.targets, ...targets };
        projects[root] = { ...projects[root], root, ...rest, targets: merged };
      }
    }
    return projects;
  }

  /** What the graph gets on top, for projects that were inferred and others by name. */
  dependencies(projects: Record<string, ProjectConfiguration>): RawProjectGraphDependency[] {
    const byName = Object.fromEntries(
      Object.entries(projects).map(([root, project]) => [
        project.name ?? root,
        { ...project, root },
      ]),
    );
    const context = { projects: byName, workspaceRoot: this.root };
    return createDependencies({}, context as unknown as Parameters<typeof createDependencies>[1]);
  }
}
