import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/temporary-folder';
import { loadConfig, parseConfig } from './load-config';

const main = { main: { trusted: true } };

describe('the configuration', () => {
  it('takes texts from the environment and folders relative to its file', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'cache.yaml');
    await writeFile(
      file,
      'scopes: { main: { trusted: true } }\nstore: { kind: disk, directory: "${DATA}" }\n',
    );
    const config = await loadConfig(file, { DATA: 'entries', EXCEL2DOC_CACHE_PORT: '9000' });
    expect(config.store).toEqual({ kind: 'disk', directory: join(folder, 'entries') });
    expect(config.listen).toEqual({ host: '127.0.0.1', port: 9000 });
  });

  it.each([
    ['a misspelt field', { scopes: main, tokns: [] }, /tokns/],
    [
      'a token in the clear',
      { scopes: main, tokens: [{ name: 'a', sha256: 'e2d_x', scope: 'main' }] },
      /SHA-256/,
    ],
    [
      'a token of an unknown scope',
      { scopes: main, tokens: [{ name: 'a', sha256: 'a'.repeat(64), scope: 'x' }] },
      /no scope x/,
    ],
    [
      'an unset variable',
      { scopes: main, store: { kind: 'disk', directory: '${NOWHERE}' } },
      /NOWHERE/,
    ],
    [
      'a claim that is no pattern',
      {
        scopes: main,
        oidc: [
          {
            issuer: 'https://x.y',
            audience: 'a',
            rules: [{ claims: { ref: '(' }, scope: 'main' }],
          },
        ],
      },
      /regular expression/,
    ],
    ...(
      [
        ['keys over http', { issuer: 'http://ci.example.org' }, {}, /http/],
        ['key sets over http', { jwksUri: 'http://ci.example.org/keys' }, {}, /http/],
        ['a rule without claims', {}, { claims: {} }, /no claims/],
        ['a rule of an unknown scope', {}, { scope: 'mian' }, /no scope mian/],
        [
          'a rule that reads an unknown scope',
          {},
          { reads: ['x-{n}'] },
          /no scope x-\{n\}|group n/,
        ],
        ['a group that no claim has', {}, { scope: 'pr-{number}' }, /group number/],
        [
          'a public issuer without a repository',
          { issuer: 'https://token.actions.githubusercontent.com' },
          { claims: { ref: 'refs/heads/main' } },
          /anybody has a token/,
        ],
      ] as const
    ).map(([what, issuer, rule, message]): [string, unknown, RegExp] => [
      what,
      {
        scopes: { ...main, 'pr-*': { parents: ['main'] } },
        oidc: [
          {
            issuer: 'https://ci.example.org',
            audience: 'a',
            rules: [{ claims: { repository: 'acme/app' }, scope: 'main', ...rule }],
            ...issuer,
          },
        ],
      },
      message,
    ]),
  ])('refuses %s, and says where', (_, raw, message) => {
    expect(() => parseConfig(raw, {}, '/')).toThrow(message);
  });
});
