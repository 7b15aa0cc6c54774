import { parseEnv } from 'node:util';
import { expect, test } from 'vitest';
import { completeValues } from './complete';

const compose = [
  `services:
  db: { environment: { PASSWORD: '\${DB_PASSWORD:?a password}', SCRIPT: '$\${NOT_OURS_PASSWORD}' } }
  # \${OLD_PASSWORD:?no more}
  keeper: { environment: { P: '\${BACKUP_PASSWORD:-}', K: '\${BACKUP_S3_KEY:-}' } }`,
  `services: { web: { image: 'app:\${TAG:?as docker-build printed it}' } }`,
];

test('secrets are made, also those that may be missing; what only a person knows is left open', () => {
  const { text, added, open } = completeValues(compose, '', {});
  expect(added).toEqual(['DB_PASSWORD', 'BACKUP_PASSWORD']);
  expect(open).toEqual([{ name: 'TAG', message: 'as docker-build printed it' }]);
  const { DB_PASSWORD: one, BACKUP_PASSWORD: other } = parseEnv(text);
  expect([one, other]).toEqual([expect.stringMatching(/^[0-9a-f]{48}$/), expect.any(String)]);
  expect(one).not.toBe(other);
});

test('what is there stays, letter by letter, and what is given is added', () => {
  const before = '# mine\nDB_PASSWORD="a b"';
  const { text, added, open } = completeValues(compose, before, { TAG: '1.2', EXTRA: 'x' });
  expect(text.startsWith(`${before}\n`)).toBe(true);
  expect(added).toEqual(['TAG', 'BACKUP_PASSWORD', 'EXTRA']);
  expect(open).toEqual([]);
  expect(completeValues(compose, text, { TAG: '2' })).toEqual({ text, added: [], open: [] });
});

test('a name without a value counts as missing', () => {
  expect(completeValues(compose, 'DB_PASSWORD=\n', {}).added).toContain('DB_PASSWORD');
});
