import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import {
  afterRefusal,
  ailments,
  asBroughtUp,
  type BreakingPolicy,
  changedFiles,
  checkAhead,
  checkChanged,
  checkPassword,
  checkPorts,
  type ComposeOptions,
  type Container,
  databaseService,
  databasesOf,
  forgetUp,
  isKept,
  keepRunning,
  migrate,
  type Migrated,
  Migrations,
  notHealthy,
  openCompose,
  type OpenedCompose,
  pullMissing,
  readRevisions,
  rememberUp,
  replaceBeside,
  replacedBeside,
  type Replacement,
  rollBack,
  runningContainers,
  sayReplaced,
  sayWritten,
  Server,
  setUp,
  showLogs,
  startDependencies,
  tryOut,
  wouldReplace,
} from '@excel2doc/services';
import { StagesError } from '@excel2doc/stages';
import { projectOf, type RunContext } from '../project';
import { report, sayLine } from '../report';

export interface UpOptions extends ComposeOptions {
  service: string;
  migrate?: string[];
  migrationService?: string;
  breaking?: BreakingPolicy;
  backup?: boolean;
  waitSeconds: number;
  tryOut: boolean;
}

/** Brings services up: see `bringUp`. */
export default function composeUp(options: UpOptions, context: ExecutorContext) {
  return report(async () => {
    await bringUp(options, context);
  });
}

/**
 * Dependencies first, then the migrations as a one-off container of the new image, then the rest:
 * while a migration fails, the containers that ran before go on running. A new image is tried out
 * beside the old containers, in each service that runs it, and all of them are rolled back if one
 * fails in its place. A service that says so (`update_config: { order: start-first }`) has its new
 * containers before the old ones go. One that mounts a file to read only is replaced when the file has
 * another content, which it checks before, where it says how.
 *
 * @returns the services that run the image now
 */
export async function bringUp(options: UpOptions, context: RunContext): Promise<string[]> {
  const { service, waitSeconds } = options;
  const opened = await openCompose(options, projectOf(context));
  const { compose, config } = opened;
  const same = await asItWas(opened, options, context.root);
  if (same) {
    await sayWritten(opened, context.root);
    return same;
  }
  await forgetUp(opened, context.root);
  const running = (await compose.ps()).filter(({ state }) => state === 'running');
  await checkPorts(config, running);
  const before = await runningContainers(opened, service);
  const changed = await changedFiles(opened, context.root);
  const replacement = { ...opened, workspaceRoot: context.root, service, waitSeconds };
  await pullMissing(opened, service);
  await checkChanged(opened, changed, context.root);
  await startDependencies(compose, config, service, { noRecreate: false });
  for (const database of databasesOf(config, service)) {
    await checkPassword(opened, database);
    await setUp(opened, database);
  }
  const replaces = await wouldReplace(replacement, before);
  const migrated = options.migrate && (await migrateFor(opened, options, context, replaces));
  try {
    const beside = replaces ? await replacedBeside(replacement, before) : [];
    if (replaces && options.tryOut) await tryOut(replacement, before, beside.length > 0);
    await replaceServices(replacement, replaces ? before : [], beside);
  } catch (error) {
    throw migrated ? await onMigrated(opened, options, migrated, error) : error;
  }
  await keepRunning(replacement);
  const { to: revisions } = migrated ?? {};
  await rememberUp(
    opened,
    context.root,
    revisions ? { command: options.migrate ?? [], revisions } : null,
  );
  await sayReplaced(opened, changed, context.root);
  await sayWritten(opened, context.root);
  const now = await runningContainers(opened, service);
  return [...new Set(now.map((container) => container.service))];
}

/**
 * The services that run the image, where all is as it was brought up last: nothing is started to find
 * that out. The image that has run the migrations is the same, so there are new ones only where the
 * database is not where they led.
 */
async function asItWas(
  opened: OpenedCompose,
  { service, migrate: command, backup }: UpOptions,
  root: string,
): Promise<string[] | undefined> {
  // What is mounted may hold other migrations than the image.
  const isMounted = opened.config.services[service]?.volumes?.some(({ type }) => type === 'bind');
  if (command && (backup || isMounted)) return undefined;
  const found = await asBroughtUp(opened, root);
  if (!found) return undefined;
  const { last, containers } = found;
  if (!(await isKept(opened, service, containers))) return undefined;
  let database = '';
  if (command) {
    const { migrated } = last;
    const isAlembic = command.join(' ') === 'alembic upgrade head';
    if (!isAlembic || migrated?.command.join(' ') !== command.join(' ')) return undefined;
    const server = new Server(opened.compose, databaseService(opened.config));
    const revisions = await readRevisions(server);
    if (revisions.length === 0 || revisions.join() !== migrated.revisions.join()) return undefined;
    database = `; the database is at ${revisions.join(', ')}`;
  }
  // One whose profile is off was not asked for, and nobody looked at what it would be now.
  const services = [...new Set(containers.map((each) => each.service))].filter(
    (each) => opened.config.services[each],
  );
  sayLine(`as it was, and healthy: ${services.join(', ')}${database}`);
  const { image } = opened.config.services[service] ?? {};
  return services.filter(
    (each) => each === service || (image && opened.config.services[each]?.image === image),
  );
}

/** Checks what is pending when something runs that it could break, then migrates. */
async function migrateFor(
  opened: OpenedCompose,
  options: UpOptions,
  context: RunContext,
  replaces: boolean,
): Promise<Migrated> {
  const { service, migrate: command = [], migrationService, backup, breaking = 'name' } = options;
  const { config } = opened;
  const isAlembic = command[0] === 'alembic';
  if (replaces && isAlembic) {
    const server = new Server(opened.compose, databaseService(config));
    await checkAhead(server, new Migrations(opened, migrationService ?? service, server), breaking);
  }
  return migrate(opened, service, command, {
    ...(migrationService && { migrationService }),
    ...(backup && { backupFolder: join(context.root, 'backups', config.name) }),
  });
}

/**
 * @param before what is brought back when the new ones fail; none where nothing is replaced
 * @param beside those of them whose new containers are healthy before they go
 */
async function replaceServices(
  replacement: Replacement,
  before: Container[],
  beside: Container[],
): Promise<void> {
  const { compose, waitSeconds } = replacement;
  if (beside.length > 0) await replaceBeside(replacement, beside, before);
  try {
    await compose.up({ wait: true, waitTimeoutSeconds: waitSeconds });
    await allHealthy(replacement);
  } catch (error) {
    if (before.length > 0) await rollBack(replacement, before, error);
    throw error;
  }
}

/** The failure of an image, with where its migrations have left the schema. */
async function onMigrated(
  opened: OpenedCompose,
  { service, migrationService = service }: UpOptions,
  migrated: Migrated,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof StagesError)) return error;
  const server = new Server(opened.compose, databaseService(opened.config));
  const said = await afterRefusal(new Migrations(opened, migrationService, server), migrated);
  if (!said) return error;
  return new StagesError(error.code, {
    message: `${error.message}; ${said.message}`,
    hint: `${error.hint}; ${said.hint}`,
    cause: error,
  });
}

/** @throws StagesError `NOT_HEALTHY` naming the services that are not, after their logs */
async function allHealthy(replacement: Replacement): Promise<void> {
  const ailing = await notHealthy(replacement);
  if (ailing.length === 0) return;
  await showLogs(replacement, ailing);
  throw new StagesError('NOT_HEALTHY', {
    message: `Not all services are healthy: ${ailments(ailing)}`,
    hint: 'Their logs stand above; mend it and run compose-up again',
  });
}
