import { posix } from 'node:path';
import type { TargetConfiguration } from '@nx/devkit';
import type { Builders } from '@excel2doc/stages';
import { careTargets } from './care-targets';
import type { ComposeFile } from './compose-file';

export interface ComposeProject {
  projectRoot: string;
  /** The name of the image that the project builds, without a tag. */
  image: string;
  stages: string[];
  /** Relative to the workspace. */
  dockerfile: string;
  context: string;
  lockFile: string;
  builders?: Builders | undefined;
  has(file: string): boolean;
}

const executor = (name: string) => `@excel2doc/nx-stages:${name}`;

/**
 * The service that migrates by a role of its own: `migrate`, which runs the image of the service and
 * stands in a profile, so that nothing else starts it.
 */
function migrationServiceOf({ model }: ComposeFile, service: string): string | undefined {
  const { migrate } = model.services;
  const isOne = (migrate?.profiles ?? []).length > 0 && migrate?.image !== undefined;
  return isOne && migrate.image === model.services[service]?.image ? 'migrate' : undefined;
}

/** The targets that a project gets from the Compose file that runs it. */
export function composeTargets(
  compose: ComposeFile,
  service: string,
  project: ComposeProject,
  tests: ComposeFile | undefined,
  productionFile?: string,
): Record<string, TargetConfiguration> {
  const base = { files: [compose.file], envFile: posix.join(posix.dirname(compose.file), '.env') };
  const production =
    productionFile === undefined
      ? undefined
      : {
          files: [compose.file, productionFile],
          envFile: posix.join(posix.dirname(compose.file), '.env.prod'),
        };
  const migrate = project.has('alembic.ini') ? ['alembic', 'upgrade', 'head'] : undefined;
  const migrationService = migrate && migrationServiceOf(compose, service);
  const targets: Record<string, TargetConfiguration> = {
    'compose-up': {
      executor: executor('compose-up'),
      cache: false,
      dependsOn: ['docker-build'],
      options: {
        ...base,
        service,
        ...(migrate && { migrate }),
        ...(migrationService && { migrationService }),
      },
      ...(production && {
        configurations: {
          production: { ...production, ...(migrate && { backup: true, breaking: 'refuse' }) },
        },
      }),
      metadata: {
        description:
          'Build what changed, migrate, try the new image out, replace, wait until all are healthy',
      },
    },
    ...careTargets({
      compose: base,
      production,
      service,
      image: project.image,
      stages: project.stages,
      dockerfile: project.dockerfile,
      context: project.context,
      lockFile: project.lockFile,
      builders: project.builders,
      migrations: migrate !== undefined,
      migrationService,
      python: project.has('pyproject.toml') || project.has('requirements.txt'),
    }),
  };
  const testService = tests && Object.keys(tests.model.services).find((name) => name === 'test');
  if (tests && testService && project.stages.includes('test')) {
    const inTestImage: TargetConfiguration = {
      executor: executor('compose-run'),
      cache: true,
      dependsOn: ['docker-test'],
      inputs: [
        { dependentTasksOutputFiles: '**/docker/test/**/image.json' },
        `{workspaceRoot}/${compose.file}`,
        `{workspaceRoot}/${tests.file}`,
        { externalDependencies: [] },
      ],
      options: {
        ...base,
        files: [compose.file, tests.file],
        service: testService,
        stage: 'test',
        image: project.image,
        buildContext: project.context,
        throwAway: true,
      },
    };
    targets['test'] = {
      ...inTestImage,
      options: { ...inTestImage.options, command: ['pytest'] },
      metadata: {
        description: 'pytest in the test image, against services that are thrown away afterwards',
      },
    };
    if (project.has('pyproject.toml')) {
      targets['lint'] = {
        ...inTestImage,
        options: {
          ...inTestImage.options,
          command: ['sh', '-c', 'ruff check . && ruff format --check . && mypy'],
          dependencies: false,
        },
        metadata: { description: 'ruff and mypy in the test image' },
      };
    }
  }
  return targets;
}
