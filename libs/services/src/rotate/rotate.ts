import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { parseEnv } from 'node:util';
import { StagesError } from '@excel2doc/stages';
import { changeValues } from '../environment-file/write';
import { refused } from './refused';
import type { Side } from './side';
import type { Users } from './users';

export interface Rotating {
  /** Absolute path of the file with the values. */
  envFile: string;
  side: Side;
  users: Users;
  /** Told in one line each what is done. */
  say: (line: string) => void;
}

/**
 * Gives a server and those who use it another password, while both serve: the server takes both, each
 * user is replaced, the server takes the new one alone. What was killed on the way is run again: the new
 * value stands in the file with the values from the first step to the last, as `<variable>_NEXT`.
 *
 * @throws StagesError `ROTATION_FAILED`; then all is as it was before, or the message says what is not
 */
export async function rotate({ envFile, side, users, say }: Rotating): Promise<void> {
  const { variable, service } = side;
  const mark = `${variable}_NEXT`;
  const values = parseEnv(await readFile(envFile, 'utf8'));
  const { [variable]: old = '', [mark]: begun } = values;
  if (old === '')
    throw new StagesError('ENV_MISSING', {
      message: `${envFile} has no ${variable}; nothing was changed`,
      hint: 'The target env writes what is missing',
    });
  const next = begun ?? randomBytes(24).toString('hex');
  const oldIsTaken = await side.accepts(old);
  if (!oldIsTaken && !(begun !== undefined && (await side.accepts(begun))))
    throw refused(
      `${service} does not take ${variable} of ${envFile}; nothing was changed`,
      'Take back the file with the values that it was made with',
    );
  await users.find(next, side.meanwhile(next), side.seen(next));
  if (begun !== undefined) say(`a rotation that was not finished is taken up`);
  try {
    await changeValues(envFile, { [mark]: next });
    await side.open(next);
    say(`${service} takes the old ${variable} and the new one`);
    await users.replace(side.meanwhile(next), say);
    await side.settle(next);
    await changeValues(envFile, { [variable]: next });
    say(`${envFile} has the new one`);
    await users.replace({}, say);
    await side.close();
    await verify(side, { next, old });
  } catch (cause) {
    throw await putBack({ envFile, side, users, say }, { old, mark, cause });
  }
  await changeValues(envFile, { [mark]: undefined });
  // Taken up after the file was written: what was before is known to nobody any more.
  const tried = next === old ? '' : ' and refuses the old one';
  say(`${service} takes the new ${variable}${tried}: tried with a connection each`);
  if (side.note) say(side.note);
}

async function verify(side: Side, { next, old }: { next: string; old: string }): Promise<void> {
  if (!(await side.accepts(next))) throw refused(`${side.service} does not take the new value`);
  if (next !== old && (await side.accepts(old)))
    throw refused(`${side.service} still takes the old value`);
}

async function putBack(
  { envFile, side, users, say }: Rotating,
  { old, mark, cause }: { old: string; mark: string; cause: unknown },
): Promise<StagesError> {
  const { message } = cause as Error;
  say(`✗ ${message}; what was changed is put back`);
  try {
    await side.reopen(old);
    await changeValues(envFile, { [side.variable]: old });
    await users.replace({}, say);
    await side.goBack(old);
    if (!(await side.accepts(old))) throw refused(`${side.service} does not take the old value`);
    await changeValues(envFile, { [mark]: undefined });
  } catch (error) {
    return new StagesError('ROTATION_FAILED', {
      message: `${message}. It could not be put back: ${(error as Error).message}`,
      hint: `Both values stand in ${envFile}: mend what failed and run it again`,
      cause,
    });
  }
  return new StagesError('ROTATION_FAILED', {
    message: `${message}. All is as it was: ${side.service} takes the old ${side.variable}, which was tried`,
    hint: 'Mend what failed and run it again',
    cause,
  });
}
