import { StagesError } from '@excel2doc/stages';
import type { OpenedCompose } from '../compose/project';
import { refused } from './refused';
import type { Side } from './side';

/**
 * A Redis server takes several passwords of one user. Its own container is given the value on its
 * command line, so it is started anew in the end: else its next start would bring the old one back.
 *
 * @param restart starts the server anew with what the file with the values says now
 */
export function redisSide(
  { compose, config }: Pick<OpenedCompose, 'compose' | 'config'>,
  variable: string,
  restart: (service: string) => Promise<void>,
  named?: string,
): Side {
  const service = named ?? redisService(config.services);
  let known: string | undefined;
  let isAnew = false;
  /** One command as somebody who knows the password; undefined where it is not taken. */
  const ask = async (password: string, command: string): Promise<string | undefined> => {
    const cli = ['sh', '-c', 'unset REDISCLI_AUTH; exec redis-cli'];
    const input = `AUTH ${password}\n${command}\n`;
    const { exitCode, stdout, stderr } = await compose.exec(service, cli, {
      input,
      // Each of its commands may be given twice.
      isQuestion: true,
    });
    if (exitCode !== 0 || /Could not connect/.test(stdout + stderr))
      throw refused(`${service} does not answer: ${(stderr || stdout).trim().split('\n').at(-1)}`);
    const [auth = '', ...answer] = stdout.trim().split('\n');
    return auth === 'OK' ? answer.join('\n') : undefined;
  };
  const must = async (command: string) => {
    const answer = known === undefined ? undefined : await ask(known, command);
    if (answer !== 'OK') throw refused(`${service} refused: ${answer ?? 'the password'}`);
  };
  return {
    service,
    variable,
    meanwhile: (next) => ({ [variable]: next }),
    seen: (next) => [next],
    accepts: async (password) => {
      const isTaken = (await ask(password, 'PING')) === 'PONG';
      if (isTaken) known = password;
      return isTaken;
    },
    open: (next) => must(`ACL SETUSER default >${next}`),
    settle: async (next) => {
      known = next;
    },
    close: async () => {
      isAnew = true;
      await restart(service);
    },
    reopen: async (old) => {
      await must(`ACL SETUSER default >${old}`);
      known = old;
    },
    goBack: async (old) => {
      // Its next start would bring the new one back.
      if (isAnew) await restart(service);
      else await must(`ACL SETUSER default resetpass >${old}`);
    },
    note: `${service} was started anew for it; what it holds is kept as far as it keeps it`,
  };
}

function redisService(services: OpenedCompose['config']['services']): string {
  const found = Object.keys(services).filter((name) =>
    /(^|\/)(redis|valkey)(?=[:@]|$)/.test(services[name]?.image ?? ''),
  );
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) return only;
  throw new StagesError('NO_SUCH_SERVICE', {
    message: only
      ? `The Compose file has several Redis services: ${found.join(', ')}`
      : 'The Compose file has no Redis service',
    hint: 'Name it: --redis=SERVICE',
  });
}
