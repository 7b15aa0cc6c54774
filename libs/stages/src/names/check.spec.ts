import { expect, test } from 'vitest';
import { parseReference } from '@excel2doc/oci';
import { checkNames, type NamedImage } from './check';
import { validRepository, validTag } from './valid';

const LETTERS = 'aZ9.._--/:@ é名'.split('');

const image = (more: Partial<NamedImage> = {}): NamedImage => ({
  target: 'api:docker-build',
  project: 'api',
  image: 'shop/api',
  ...more,
});

test.each<[Partial<NamedImage>, string, RegExp]>([
  [
    { image: 'Acme/API' },
    'NAME_INVALID',
    /api:docker-build: image "Acme\/API" has capital letters/,
  ],
  [{ image: 'acme//api' }, 'NAME_INVALID', /is no name of an image/],
  [{ image: 'acme/api:v1' }, 'NAME_INVALID', /has a tag/],
  [{ repository: 'localhost:5000/Team' }, 'NAME_INVALID', /repository "localhost:5000\/Team"/],
  [{ tag: 'a b' }, 'TAG_INVALID', /api:docker-build: tags: "a b": it is no tag/],
  [{ tags: ['type=nonsense'] }, 'TAG_INVALID', /api:docker-build: tags: "type=nonsense"/],
])('%j is refused', (more, code, message) => {
  expect(() => checkNames(image(more), [])).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});

test('two projects that would call their images the same are named', () => {
  const other = image({ target: 'API:docker-build', project: 'API' });
  expect(() => checkNames(image(), [image(), other])).toThrow(
    'api:docker-build and API:docker-build would both call their image shop/api',
  );
  expect(() => checkNames(image(), [image(), { ...other, tag: 'other' }])).not.toThrow();
});

test('a registry with a port is no tag', () => {
  expect(() => checkNames(image({ repository: 'localhost:5000/team/api' }), [])).not.toThrow();
});

test.each([
  ['gradle:app', 'gradle-app'],
  ['Web_UI', 'web_ui'],
  ['@shop/Api', 'shop/api'],
  [':a::b', 'a-b'],
  ['a._b', 'a-b'],
  ['-x-/..y', 'x/y'],
])('project %s: %s', (project, name) => expect(validRepository(project)).toBe(name));

test('whatever a project or a branch is called, what comes of it is valid, and stays as it is', () => {
  let seed = 14;
  const next = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  const draw = () => Array.from({ length: next(12) }, () => LETTERS[next(LETTERS.length)]).join('');
  for (let i = 0; i < 5000; i++) {
    const text = draw();
    const name = validRepository(text);
    if (name !== '') expect(parseReference(`${name}:x`), text).toMatchObject({ tag: 'x' });
    expect(validRepository(name), text).toBe(name);
    const tag = validTag(text);
    if (tag !== '') expect(parseReference(`a:${tag}`), text).toMatchObject({ tag });
    expect(validTag(tag), text).toBe(tag);
  }
});
