import { join } from 'node:path';
import { StagesError } from '@excel2doc/stages';
import { type ComposeOptions, type ComposeWorkspace, openCompose } from '../compose/project';
import { postgresSide } from './postgres';
import { redisSide } from './redis';
import { rotate } from './rotate';
import { Users } from './users';

export interface RotateOptions extends ComposeOptions {
  secret: 'postgres' | 'redis';
  /** The PostgreSQL service. Default: the only one. */
  database?: string;
  /** The Redis service. Default: the only one. */
  redis?: string;
  /** Default: POSTGRES_PASSWORD, REDIS_PASSWORD. */
  variable?: string;
  /** Of PostgreSQL's role. */
  userVariable?: string;
  waitSeconds: number;
}

/** Rotates the password of a Compose project's PostgreSQL or Redis; see `rotate`. */
export async function rotateSecret(
  options: RotateOptions,
  workspace: ComposeWorkspace,
  say: (line: string) => void,
): Promise<void> {
  const { secret, envFile, waitSeconds, userVariable = 'POSTGRES_USER' } = options;
  if (envFile === undefined)
    throw new StagesError('ENV_MISSING', {
      message: 'The passwords stand in no file with values',
      hint: 'Name the file: --envFile=FILE',
    });
  const opened = await openCompose(options, workspace);
  const { variable = secret === 'redis' ? 'REDIS_PASSWORD' : 'POSTGRES_PASSWORD' } = options;
  const side =
    secret === 'redis'
      ? redisSide(opened, variable, () => users.restartKeeper(), options.redis)
      : postgresSide(opened, { variable, userVariable }, options.database);
  const users: Users = new Users(opened, side.service, waitSeconds);
  await rotate({ envFile: join(workspace.root, envFile), side, users, say });
}
