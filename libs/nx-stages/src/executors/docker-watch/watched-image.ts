import {
  type DockerOptions,
  type DockerProject,
  dockerTarget,
  imageTag,
  type ImageToLoad,
  StagesError,
  stageTarget,
  type StageToMake,
} from '@excel2doc/stages';
import type { UpOptions } from '../compose-up/executor';
import upSchema from '../compose-up/schema.json';
import { loadsImage } from '../../infer/image-targets';
import { plannedProject } from '../docker-plan/plan-project';
import { dockerProject, type RunContext } from '../project';
import { declaringFiles } from './watched';

/** The image that a target puts into the engine, as the workspace has it now. */
export class WatchedImage {
  readonly options: DockerOptions & ImageToLoad;
  readonly folder: string;
  private readonly targets;

  /** @throws StagesError `OPTION_REFUSED` where the target brings no image into the engine */
  constructor(
    readonly context: RunContext,
    readonly target: string,
  ) {
    const { projectsConfigurations, projectName = '' } = context;
    const project = projectsConfigurations?.projects[projectName];
    const found = project?.targets?.[target];
    if (!found || !loadsImage(found)) {
      const others = Object.entries(project?.targets ?? {}).filter(([, each]) => loadsImage(each));
      throw new StagesError('OPTION_REFUSED', {
        message: `${projectName}:${target} brings no image into the engine`,
        hint:
          others.length > 0
            ? `Say which does: --target=${others.map(([name]) => name).join(' or --target=')}`
            : 'docker-watch wants a Dockerfile in the project',
      });
    }
    this.options = found.options as DockerOptions & ImageToLoad;
    this.folder = project?.root ?? '.';
    this.targets = project?.targets ?? {};
  }

  /** `shop/api:dev`, or the image's name where its tags are found when it is loaded. */
  get name(): string {
    const { image, tag, skipDefaultTag } = this.options;
    return skipDefaultTag ? image : `${image}:${imageTag(tag)}`;
  }

  /** `api:docker-build`, as Nx runs it. */
  get task(): string {
    return `${this.context.projectName}:${this.target}`;
  }

  /** As it is planned. */
  planned(): DockerProject {
    return plannedProject(this.options, this.context);
  }

  /** As it is loaded. */
  loaded(): DockerProject {
    return dockerProject(this.options, this.context);
  }

  /** The target that makes a stage, with its options; without these where the workspace knows none. */
  stage(name: string): { task: string; options: (DockerOptions & StageToMake) | undefined } {
    const target = stageTarget(name, this.options.variant);
    const options = this.targets[target]?.options as (DockerOptions & StageToMake) | undefined;
    return { task: `${this.context.projectName}:${target}`, options };
  }

  /**
   * How the services that run it are brought up.
   *
   * @throws StagesError `NO_SUCH_SERVICE` where no Compose file runs the project
   */
  up(): UpOptions {
    const given = this.targets['compose-up']?.options as Partial<UpOptions> | undefined;
    const { files, service } = given ?? {};
    if (files === undefined || service === undefined)
      throw new StagesError('NO_SUCH_SERVICE', {
        message: `No Compose file runs ${this.name}: ${this.context.projectName} has no compose-up`,
        hint: 'Leave --up out, or declare a service with this image in a Compose file',
      });
    const { services } = (this.targets[this.target]?.metadata ?? {}) as { services?: string[] };
    const { tryOut, waitSeconds } = upSchema.properties;
    const defaults = { tryOut: tryOut.default, waitSeconds: waitSeconds.default };
    return { ...defaults, ...given, files, service: services?.[0] ?? service };
  }

  /** The files that say how it is built, relative to the workspace. */
  declaring(): string[] {
    return declaringFiles(this.folder, this.targets[dockerTarget('plan', this.options.variant)]);
  }
}
