import {
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeEach, expect, test } from 'vitest';
import {
  changedSources,
  lostSource,
  type MountedFile,
  mountedFiles,
  mountedLabel,
  writtenSources,
} from './mounted-files';

const folder = mkdtempSync(join(tmpdir(), 'mounted-files-'));
const file = join(folder, 'app.conf');
const other = join(folder, 'other.conf');

afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  rmSync(file, { force: true });
  writeFileSync(file, 'first');
  writeFileSync(other, 'other');
});

const bind = (source: string, target = '/etc/app.conf', isReadOnly = true) => ({
  type: 'bind',
  source,
  target,
  ...(isReadOnly && { read_only: true }),
});
const look = { valueOf: () => undefined, key: 'key', isHere: true };
const ofBinds = (...sources: string[]) =>
  mountedFiles({}, { volumes: sources.map((source) => bind(source, `/of${source}`)) }, look);
/** What has changed for a container that was started with `before`. */
const changed = (before: MountedFile[], now: MountedFile[]) =>
  changedSources(mountedLabel(before), now);

test('a file whose content is another one has changed, and no other has', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (first, second) => {
      writeFileSync(file, first);
      const before = ofBinds(file, other);
      writeFileSync(file, second);
      const isSame = Buffer.from(first).equals(second);
      expect(changed(before, ofBinds(file, other))).toEqual(isSame ? [] : [file]);
      expect(mountedLabel(before) === mountedLabel(ofBinds(other, file))).toBe(isSame);
    }),
  );
});

test('a file that was only written anew has not changed', () => {
  const before = ofBinds(file);
  rmSync(file);
  writeFileSync(file, 'first');
  utimesSync(file, 1, 1);
  expect(mountedLabel(ofBinds(file))).toBe(mountedLabel(before));
});

test('of a large file, size and time stand for the content', () => {
  truncateSync(file, 64 * 1024 * 1024);
  const before = ofBinds(file);
  expect(changed(before, ofBinds(file))).toEqual([]);
  utimesSync(file, 1, 1);
  expect(changed(before, ofBinds(file))).toEqual([file]);
});

test.each<[string, Parameters<typeof mountedFiles>[1]]>([
  ['a folder', { volumes: [bind(folder)] }],
  ['a device', { volumes: [bind('/dev/null')] }],
  ['a file that may be written to', { volumes: [bind(file, '/data.json', false)] }],
  ['a volume', { volumes: [{ type: 'volume', source: 'data', target: '/data', read_only: true }] }],
  ['a config of elsewhere', { configs: [{ source: 'external' }] }],
  ['nothing mounted', {}],
])('%s is not looked at', (_, mounts) => {
  expect(mountedFiles({ configs: { external: {} } }, mounts, look)).toEqual([]);
});

test('configs and secrets count by their file, their text or their variable', () => {
  const values = { WORD: 'first' };
  const files = (text: string) =>
    mountedFiles(
      { configs: { a: { file }, b: { content: text } }, secrets: { a: { environment: 'WORD' } } },
      {
        configs: [{ source: 'a', target: '/a' }, { source: 'b' }],
        secrets: [{ source: 'a', target: '/a' }],
      },
      { ...look, valueOf: (name) => values[name as 'WORD'] },
    );
  const before = files('first');
  expect(changed(before, files('first'))).toEqual([]);
  expect(changed(before, files('second'))).toEqual(['config b']);
  values.WORD = 'second';
  expect(changed(before, files('first'))).toEqual(['secret a']);
  writeFileSync(file, 'second');
  expect(changed(before, files('first'))).toEqual([file, 'secret a']);
});

test('a label holds no content', () => {
  writeFileSync(file, 'hunter2');
  expect(mountedLabel(ofBinds(file))).not.toContain('hunter2');
});

test('a file that a container did not have, and a label that is not ours, are no change', () => {
  expect(changed([], ofBinds(file))).toEqual([]);
  for (const label of ['', 'true', 'null', '{', '["/of"]'])
    expect(changedSources(label, ofBinds(file))).toEqual([]);
});

test('a file that is gone is lost for who was given it as a file', () => {
  const given = () =>
    mountedFiles(
      { configs: { c: { file } }, secrets: { s: { file } } },
      {
        volumes: [bind(file, '/v')],
        configs: [{ source: 'c', target: '/c' }],
        secrets: [{ source: 's', target: '/s' }],
      },
      look,
    );
  const all = given();
  expect(all.map(({ target }) => target)).toEqual(['/v', 'config /c', 'secret /s']);
  expect(lostSource(mountedLabel(all), given())).toBeUndefined();
  rmSync(file);
  expect(mountedLabel(given())).toBe('');
  expect(changed(all, given())).toEqual([]);
  for (const each of all) expect(lostSource(mountedLabel([each]), given())).toBe(file);
  expect(lostSource('', given())).toBeUndefined();
  mkdirSync(file);
  expect(lostSource(mountedLabel(all), given())).toBeUndefined();
  rmSync(file, { recursive: true });
});

test('what cannot be looked at is neither read, nor gone, nor written', () => {
  rmSync(file);
  // Root may look into every folder, but not through a link to itself.
  symlinkSync(file, file);
  expect(ofBinds(file)).toEqual([]);
  expect(writtenSources({ volumes: [bind(file, '/a', false)] }, 0)).toEqual([]);
});

test('of an engine of another machine, no path is looked at', () => {
  const files = mountedFiles(
    { configs: { a: { file }, b: { content: 'text' } } },
    { volumes: [bind(file)], configs: [{ source: 'a' }, { source: 'b' }] },
    { ...look, isHere: false },
  );
  expect(files.map(({ target }) => target)).toEqual(['config b']);
});

test('a digest of another key is another one, and says nothing of the content', () => {
  const of = (key: string, content: string) =>
    mountedFiles({ secrets: { a: { content } } }, { secrets: [{ source: 'a' }] }, { ...look, key });
  expect(mountedLabel(of('one', 'hunter2'))).not.toBe(mountedLabel(of('two', 'hunter2')));
  expect(changed(of('one', 'hunter2'), of('two', 'hunter3'))).toEqual([]);
  // As they were before there were keys.
  expect(changedSources('{"secret a":"f52fbd32b2b3"}', of('one', 'hunter2'))).toEqual([]);
});

test('what is no secret has the same digest in every checkout: none replaces what another one made', () => {
  const of = (key: string) =>
    mountedFiles(
      { configs: { a: { content: 'text' } } },
      { volumes: [bind(file)], configs: [{ source: 'a' }] },
      { ...look, key },
    );
  expect(of('one')).toHaveLength(2);
  expect(mountedLabel(of('one'))).toBe(mountedLabel(of('two')));
});

test('what may be written to is told when it was written since', () => {
  const mounts = {
    volumes: [bind(file, '/a', false), bind(other, '/b'), bind(folder, '/c', false)],
  };
  utimesSync(file, 100, 100);
  expect(writtenSources(mounts, 99_000)).toEqual([file]);
  expect(writtenSources(mounts, 100_000)).toEqual([]);
});
