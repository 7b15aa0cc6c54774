import { existsSync } from 'node:fs';
import { posix } from 'node:path';
import type { ProjectConfiguration } from '@nx/devkit';
import {
  contextFolders,
  type DockerProject,
  type KeyedPlan,
  StagesError,
  dockerTarget,
} from '@excel2doc/stages';
import { copiedOutputs, madeAt } from '../../infer/copied-outputs';
import { GraphOutputs, type Maker, makerName } from '../../infer/makers';
import { makesStage } from '../../infer/image-targets';
import { stagesOf } from '../../infer/stages';
import { liesIn } from '../../infer/target-outputs';
import { TrackedFiles } from '../../infer/tracked-files';
import type { RunContext } from '../project';

/** Who makes what a Dockerfile copies, as the whole graph knows it, and whether its plan waits for it. */
export class CopiedInGraph {
  private readonly tracked: TrackedFiles;
  private readonly outputs: GraphOutputs;
  private readonly projects: Record<string, ProjectConfiguration>;

  constructor(
    private readonly project: DockerProject,
    private readonly context: RunContext,
  ) {
    this.projects = context.projectsConfigurations?.projects ?? {};
    this.tracked = new TrackedFiles(project.root);
    this.outputs = new GraphOutputs(this.projects, this.tracked);
  }

  /**
   * @throws StagesError `CHECK_FAILED` where something is copied by name that a target makes for which
   *   `docker-plan` does not wait: an older build would be in the image
   */
  refuseUnawaited(): void {
    const { project } = this;
    const stages = stagesOf(project.root, {
      dockerfile: project.dockerfile,
      lockFile: project.lockFile,
      ...project.buildArgs,
      targets: project.options.targets ?? [],
    });
    const copied = [
      ...copiedOutputs(stages, project.options.context, this.outputs),
      ...madeAt(contextFolders(project.namedContexts), this.outputs),
    ];
    for (const { path, makers } of copied) {
      const missed = makers.find((maker) => !this.isAwaited(maker));
      if (!missed) continue;
      throw new StagesError('CHECK_FAILED', {
        message: `${project.dockerfile} copies ${path}, which ${makerName(missed)} makes, and ${this.planTarget} does not wait for it`,
        hint: `Set "dependsOn" of ${this.planTarget} in the project's configuration to what it copies: ${makers.map(makerName).join(', ')}`,
      });
    }
  }

  /** What comes along with a whole project's folder: a line for each target that makes some of it. */
  byChance(plans: readonly KeyedPlan[]): string[] {
    const { dockerfile, options } = this.project;
    const files = new Set(
      plans.flatMap(({ platforms }) =>
        platforms.flatMap(({ files }) =>
          files.map(({ path }) => posix.join(options.context, path)),
        ),
      ),
    );
    const lines = this.outputs.outputs
      .filter((output) => !output.isAssumed && this.isThere(output.path) && !this.isAwaited(output))
      .flatMap((output) => {
        const isOne = (file: string) => liesIn(file, output.path);
        const made = [...files].find(
          (file) => isOne(file) && this.tracked.kind(file) === undefined,
        );
        return made === undefined
          ? []
          : `${dockerfile} copies ${made} as it lies there: ${makerName(output)} makes it, and nothing waits for that. Leave it out in .dockerignore, or copy it by its own path`;
      });
    return [...new Set(lines)];
  }

  /** Hundreds of targets may make something, and few have. */
  private isThere(output: string): boolean {
    const parts = output.split('/');
    const wild = parts.findIndex((part) => /[*?[{]/.test(part));
    const literal = wild < 0 ? parts : parts.slice(0, wild);
    return existsSync(this.project.absolute(literal.join('/')));
  }

  private get planTarget(): string {
    return dockerTarget('plan', this.project.variant);
  }

  private isAwaited(maker: Maker): boolean {
    const own = this.context.projectName ?? '';
    const dependsOn = this.projects[own]?.targets?.[this.planTarget]?.dependsOn ?? [];
    const isNamed = dependsOn.some((each) =>
      typeof each === 'string'
        ? maker.project === own && each === maker.target
        : each.target === maker.target && [each.projects ?? own].flat().includes(maker.project),
    );
    return isNamed || this.runsBefore(maker);
  }

  /** Whether it ran in this run before the plan, whoever asked for it. */
  private runsBefore({ project, target }: Maker): boolean {
    const { tasks = {}, dependencies = {} } = this.context.taskGraph ?? {};
    const isIt = (id: string) =>
      tasks[id]?.target.project === project && tasks[id]?.target.target === target;
    const seen = new Set<string>();
    const visit = (id: string): boolean => {
      if (seen.has(id)) return false;
      seen.add(id);
      return isIt(id) || (dependencies[id] ?? []).some(visit);
    };
    // Whoever plans: the target, or the stages' hasher, which does it for all of them.
    const planning = Object.keys(tasks).filter((id) => {
      const { project: of, target: name } = tasks[id]!.target;
      if (of !== this.context.projectName) return false;
      return name === this.planTarget || makesStage(this.projects[of]?.targets?.[name] ?? {});
    });
    return planning.length > 0 && planning.every((id) => (seen.clear(), visit(id)));
  }
}
