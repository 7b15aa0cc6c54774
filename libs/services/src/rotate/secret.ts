import { join } from 'node:path';
import { StagesError } from '@excel2doc/stages';
import { type ComposeOptions, type ComposeWorkspace, openCompose } from '../compose/project';
import { postgresSide } from './postgres';
import { redisSide } from './redis';
import { rotate } from './rotate';
import { Users } from './users';

export interface RotateOptions extends ComposeOptions {
  /** `app`: the role of its own that the application has at PostgreSQL. */
  secret: 'postgres' | 'app' | 'redis';
  /** The PostgreSQL service. Default: the only one. */
  database?: string;
  /** The Redis service. Default: the only one. */
  redis?: string;
  /** Default: POSTGRES_PASSWORD, DATABASE_PASSWORD, REDIS_PASSWORD. */
  variable?: string;
  /** Of PostgreSQL's role. Default: POSTGRES_USER, DATABASE_USER. */
  userVariable?: string;
  waitSeconds: number;
}

const VARIABLES = {
  postgres: { variable: 'POSTGRES_PASSWORD', userVariable: 'POSTGRES_USER' },
  app: { variable: 'DATABASE_PASSWORD', userVariable: 'DATABASE_USER' },
  redis: { variable: 'REDIS_PASSWORD', userVariable: '' },
};

/** Rotates the password of a Compose project's PostgreSQL or Redis; see `rotate`. */
export async function rotateSecret(
  options: RotateOptions,
  workspace: ComposeWorkspace,
  say: (line: string) => void,
): Promise<void> {
  const { secret, envFile, waitSeconds } = options;
  if (envFile === undefined)
    throw new StagesError('ENV_MISSING', {
      message: 'The passwords stand in no file with values',
      hint: 'Name the file: --envFile=FILE',
    });
  const opened = await openCompose(options, workspace);
  const { variable, userVariable } = { ...VARIABLES[secret], ...options };
  const side =
    secret === 'redis'
      ? redisSide(opened, variable, () => users.restartKeeper(), options.redis)
      : postgresSide(opened, { variable, userVariable, secret }, options.database);
  const users: Users = new Users(opened, side.service, waitSeconds);
  await rotate({ envFile: join(workspace.root, envFile), side, users, say });
}
