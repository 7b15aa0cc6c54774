import { homedir } from 'node:os';
import { expect, test } from 'vitest';
import { givenBy } from './given-secrets';
import type { SecretOption } from './secret-options';
import { readSecret, readSsh } from './secret-source';

const around = { root: '/w', env: { SET: 'x' } };
const read = (option: SecretOption) => readSecret(option, 'nx.json', around);

test.each<[SecretOption, object]>([
  ['id=npm,env=NPM_TOKEN', { kind: 'env', name: 'NPM_TOKEN' }],
  ['id=npm,src=.npmrc', { kind: 'file', path: '/w/.npmrc' }],
  ['id=npm,source=/abs', { kind: 'file', path: '/abs' }],
  ['id=npm,src=~/.npmrc', { kind: 'file', path: `${homedir()}/.npmrc` }],
  ['id=npm,"src=a,b"', { kind: 'file', path: '/w/a,b' }],
  ['type=env,id=npm,src=TOKEN', { kind: 'env', name: 'TOKEN' }],
  ['type=env,id=npm', { kind: 'env', name: 'npm' }],
  ['type=file,id=npm', { kind: 'file', path: '/w/npm' }],
  ['id=SET', { kind: 'env', name: 'SET' }],
  ['id=unset', { kind: 'env', name: 'unset' }],
  [
    { id: 'npm', env: 'A' },
    { kind: 'env', name: 'A' },
  ],
  [
    { id: 'npm', command: ['op', 'read', 'x'] },
    { kind: 'command', command: ['op', 'read', 'x'] },
  ],
  [
    { id: 'npm', command: 'a | b', shell: true },
    { kind: 'command', command: 'a | b' },
  ],
])('%j', (option, source) => {
  expect(read(option).source).toEqual(source);
});

test.each<[SecretOption, RegExp]>([
  ['env=A', /^secrets of nx\.json: env=A: it has no id$/],
  ['id=,env=A', /it has no id/],
  ['id=a,evn=A', /it has no "evn", did you mean "env"\?/],
  ['id=a,env=A,src=b', /it has src and env, and can have one/],
  ['id=a,id=b', /it has id twice/],
  ['id=a,src=', /src has to be a text that is not empty/],
  ['id=a,type=vault', /type is env or file, not vault/],
  ['npm', /"npm" is no name=value/],
  ['id=a,"src=b', /its quotes do not match/],
  ['id=a,command=op read x', /command takes the form of an object/],
  [{ id: 'a', command: 'op read x' }, /a line for a shell takes "shell": true/],
  [{ id: 'a', command: [] }, /command is a list/],
  [{ id: 'a', command: ['x'], shell: true }, /with shell, command is one line/],
  [{ id: 'a', env: 'A', shell: true }, /shell goes with command/],
  [{ id: 'a', env: 'A=B' }, /A=B is no name of a variable/],
])('refuses %j in one line', (option, message) => {
  expect(() => read(option)).toThrow(message);
});

test.each([
  ['default', { id: 'default', paths: [] }],
  ['gh=~/.ssh/a,b', { id: 'gh', paths: ['~/.ssh/a', 'b'] }],
])('ssh %s', (option, agent) => {
  expect(readSsh(option, 'nx.json')).toEqual(agent);
});

test.each([
  ['', /it has no id/],
  ['gh=', /nothing stands behind "="/],
])('refuses ssh %j', (option, message) => {
  expect(() => readSsh(option, 'nx.json')).toThrow(message);
});

test('what is said later holds, and one place may not give an id twice', () => {
  const said = (by: string, ...secrets: string[]) => ({ options: { secrets }, by });
  const given = givenBy(
    [said('nx.json', 'id=a,env=A', 'id=b,env=B'), said('own', 'id=a,env=C')],
    around,
  );
  expect([...given.secrets.values()].map(({ source }) => source)).toEqual([
    { kind: 'env', name: 'C' },
    { kind: 'env', name: 'B' },
  ]);
  expect(() => givenBy([said('own', 'id=a,env=A', 'id=a,env=B')], around)).toThrow(
    'secrets of own: a: it is given twice',
  );
  expect(() => givenBy([{ options: { secrets: 'id=a' as never }, by: 'own' }], around)).toThrow(
    'it has to be a list',
  );
});
