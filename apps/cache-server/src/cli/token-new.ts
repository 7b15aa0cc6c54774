import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { newToken } from '../access/static-tokens';
import { CacheError } from '../error';

/** Prints a new token, once, and the lines for the configuration that let it in. */
export function tokenNew(args: string[]): number {
  const { values } = parseArgs({
    args,
    options: {
      scope: { type: 'string' },
      name: { type: 'string' },
      'read-only': { type: 'boolean' },
    },
  });
  if (!values.scope) {
    throw new CacheError('CONFIG_INVALID', {
      message: 'token new needs --scope',
      hint: 'such as --scope main',
    });
  }
  const { token, sha256 } = newToken();
  const access = values['read-only'] ? 'read' : 'write';
  const line = { name: values.name ?? values.scope, sha256, scope: values.scope, access };
  console.error('The token, shown this once:');
  console.log(token);
  console.error(`\nUnder tokens: in the server's configuration:\n${stringify([line])}`);
  return 0;
}
