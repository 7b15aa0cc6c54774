import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { InferredWorkspace } from '../testing/inferred';
import { uniqueNames } from './unique-names';

let workspace: InferredWorkspace;
beforeEach(() => {
  workspace = new InferredWorkspace();
});
afterEach(() => workspace.remove());

const names = (files: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(workspace.infer(files)).map(([root, { name }]) => [root, name]),
  );

test('folders of one name are told apart by their path, and others keep their name', () => {
  expect(
    names({
      'a/backend/Dockerfile': 'FROM x\n',
      'b/backend/Dockerfile': 'FROM x\n',
      'b/web/Dockerfile': 'FROM x\n',
    }),
  ).toEqual({ 'a/backend': 'a-backend', 'b/backend': 'b-backend', 'b/web': 'web' });
});

test('what a project file declares stays, and what is only a folder gives way', () => {
  expect(
    names({
      'a/api/project.json': '{"name":"api"}',
      'a/api/Dockerfile': 'FROM x\n',
      'b/api/Dockerfile': 'FROM x\n',
      // No Dockerfile there, and a project of Nx all the same.
      'libs/c/project.json': '{"name":"site"}',
      'd/site/Dockerfile': 'FROM x\n',
      'libs/shop/project.json': '{}',
      'e/shop/Dockerfile': 'FROM x\n',
    }),
  ).toEqual({ 'a/api': 'api', 'b/api': 'b-api', 'd/site': 'd-site', 'e/shop': 'e-shop' });
});

test('copies of one package.json are told apart', () => {
  const samples = ['one', 'two'].flatMap((sample) => [
    [`${sample}/app/package.json`, '{"name":"react-app"}'] as const,
    [`${sample}/app/Dockerfile`, 'FROM x\n'] as const,
  ]);
  expect(names(Object.fromEntries(samples))).toEqual({
    'one/app': 'one-app',
    'two/app': 'two-app',
  });
});

test('what such a project builds itself is waited for under its own name', () => {
  const files = ['one', 'two'].flatMap((sample) => [
    [`${sample}/app/package.json`, '{"name":"react-app","scripts":{"build":"x"}}'] as const,
    [`${sample}/app/Dockerfile`, 'FROM x\nCOPY build /srv\n'] as const,
  ]);
  const projects = workspace.infer(Object.fromEntries(files));
  expect(projects['one/app']?.targets?.['docker-plan']?.dependsOn).toEqual(['build']);
});

test('an image is named as its project, and its outputs by its path', () => {
  const projects = workspace.infer({
    'a/backend/Dockerfile': 'FROM x\n',
    'b/backend/Dockerfile': 'FROM x\n',
  });
  expect(projects['a/backend']?.targets?.['docker-build']?.options.image).toBe('a-backend');
});

test('names are unique whatever the folders are called, in any order', () => {
  const part = fc.constantFrom('a', 'b', 'a-b', 'b-a');
  const root = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  fc.assert(
    fc.property(fc.uniqueArray(root, { maxLength: 12 }), (roots) => {
      const candidates = roots.map((each) => ({
        root: each,
        name: each.split('/').at(-1)!,
        isDeclared: false,
      }));
      const found = uniqueNames(candidates, new Map());
      expect(new Set(found.values()).size).toBe(roots.length);
      expect(uniqueNames(candidates.toReversed(), new Map())).toEqual(
        new Map([...found].toReversed()),
      );
    }),
  );
});
