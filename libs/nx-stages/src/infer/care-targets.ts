import type { TargetConfiguration } from '@nx/devkit';
import { type Builders, stageTarget } from '@excel2doc/stages';

/** What the targets of one service are made from. */
export interface CareSubject {
  /** Files and their values, as every Compose executor takes them. */
  compose: { files: string[]; envFile: string };
  /** The same for production, where there is a compose.prod.yaml. */
  production: { files: string[]; envFile: string } | undefined;
  service: string;
  /** Name of the image, without a tag. */
  image: string;
  stages: string[];
  builders?: Builders | undefined;
  /** Relative to the workspace. */
  dockerfile: string;
  context: string;
  lockFile: string;
  /** Whether the project has Alembic migrations. */
  migrations: boolean;
  /** The service that runs them, where it is not the one itself. */
  migrationService?: string | undefined;
  python: boolean;
}

const MIGRATE = ['alembic', 'upgrade', 'head'];
const MIGRATED = ['alembic', 'current', '--check-heads'];

const executor = (name: string) => `@excel2doc/nx-stages:${name}`;

/** The targets that keep a service running; none of them is cached. */
export function careTargets(subject: CareSubject): Record<string, TargetConfiguration> {
  const { compose, service, image, stages, dockerfile, context, lockFile } = subject;
  const stage = stages.at(-1) ?? '';
  const own = { ...compose, service };
  const source = { dockerfile, context };
  const target = (
    name: string,
    description: string,
    options: object,
    dependsOn?: string[],
  ): TargetConfiguration => ({
    executor: executor(name),
    cache: false,
    ...(dependsOn && { dependsOn }),
    options,
    ...(subject.production &&
      'files' in options && { configurations: { production: { ...subject.production } } }),
    metadata: { description },
  });
  const targets: Record<string, TargetConfiguration> = {
    'compose-ps': target(
      'compose-ps',
      'The services: state, health, restarts, ports, image, newer source (--json)',
      { ...own, stage, context },
    ),
    'compose-ls': target(
      'compose-ls',
      'All Compose projects of the engine, whichever checkout started them (--json)',
      {},
    ),
    'compose-logs': target(
      'compose-logs',
      'Follow the logs (--service=NAME, --since=10m, --level=warning, --no-follow, --raw)',
      { ...compose, follow: true },
    ),
    'compose-restart': target(
      'compose-restart',
      'Restart and wait until healthy (--service=NAME)',
      compose,
    ),
    'compose-down': target(
      'compose-down',
      'Stop and remove the containers; the data stays (--volumes asks by name)',
      compose,
    ),
    'compose-watch': target(
      'compose-watch',
      'Bring saved files into the running container, which reloads (--debugPort=5678)',
      { ...own, ...source, stage, image, ...(stages.includes('test') && { debugStage: 'test' }) },
    ),
    shell: target('compose-exec', 'A shell in the running container (--user=root)', {
      ...own,
      command: [
        'sh',
        '-c',
        'if command -v bash >/dev/null; then exec bash "$@"; else exec sh "$@"; fi',
        'sh',
      ],
    }),
    exec: target('compose-exec', 'Run a command in the running container: -- COMMAND', {
      ...own,
      command: [],
    }),
    stats: target('care-stats', 'What the containers use: live, or once with --json', compose),
    images: target('care-images', 'What each stage adds, and the size over the builds (--json)', {
      image,
      stages,
      lockFile,
    }),
    health: target(
      'care-health',
      'Each service and each dependency, as a table and an exit status',
      own,
    ),
    prune: target('care-prune', 'What is no longer needed; --yes deletes it, never a volume', {
      ...compose,
      image,
      stages,
    }),
    doctor: target(
      'care-doctor',
      'What is wrong here, how it was seen, and how to mend it (--json)',
      {
        ...own,
        ...source,
        ...(subject.builders && { builders: subject.builders }),
      },
    ),
    preflight: target(
      'care-preflight',
      'Check the configuration for production against the rules',
      {
        ...(subject.production ?? compose),
        ...source,
        image,
      },
    ),
    'docker-audit': target(
      'docker-audit',
      'Check the built image: user, tools, caches, secrets, size, packages',
      { ...source, stage, lockFile },
      [stageTarget(stage)],
    ),
  };
  if (subject.production) {
    targets['deploy'] = {
      executor: executor('care-deploy'),
      cache: false,
      dependsOn: ['docker-build'],
      options: {
        ...subject.production,
        service,
        ...(subject.migrations && { migrate: MIGRATE, migrated: MIGRATED }),
        ...migratesIn(subject),
      },
      metadata: { description: 'Deploy to Docker Swarm, or --to=kubernetes or helm (--dryRun)' },
    };
  }
  if (subject.python)
    targets['pip-list'] = target(
      'care-pip-list',
      'Python packages, newer versions, known vulnerabilities',
      own,
    );
  if (subject.migrations) Object.assign(targets, databaseTargets(target, own, subject));
  return targets;
}

const migratesIn = ({ migrationService }: CareSubject) =>
  migrationService === undefined ? {} : { migrationService };

function databaseTargets(
  target: (name: string, what: string, options: object, on?: string[]) => TargetConfiguration,
  own: object,
  subject: CareSubject,
): Record<string, TargetConfiguration> {
  const { production } = subject;
  const migrating = { ...own, ...migratesIn(subject) };
  const migrate = target(
    'db-migrate',
    'Apply the migrations, under a lock (--dry-run shows the SQL, --backup)',
    { ...migrating, command: MIGRATE },
    ['docker-build'],
  );
  return {
    'db-migrate': production
      ? { ...migrate, configurations: { production: { ...production, backup: true } } }
      : migrate,
    'db-history': target(
      'db-history',
      'The migrations, and which of them the database is at',
      migrating,
    ),
    'db-revision': target(
      'db-revision',
      'Write a migration from the models: --message="what changes"',
      migrating,
      ['docker-build'],
    ),
    'db-check': target(
      'db-check',
      'Revision, schema, models and indexes: are they as they should be?',
      migrating,
    ),
    'db-shell': target('db-shell', 'psql in the database container: -- -c "SELECT 1"', own),
    'db-backup': target('db-backup', 'A backup that was restored and compared (--keep=14)', own),
    'db-restore': target(
      'db-restore',
      'Put a backup in the place of the database: --file=PATH',
      own,
    ),
  };
}
