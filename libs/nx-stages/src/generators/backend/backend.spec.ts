import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readStages } from '@excel2doc/dockerfile';
import { RULES } from '@excel2doc/services';
import { type Tree, readProjectConfiguration, updateNxJson } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { serviceOf } from '../../infer/compose-services';
import { parseCompose } from '../../infer/compose-file';
import generate, { type BackendOptions } from './generator';

let tree: Tree;
beforeEach(() => (tree = createTreeWithEmptyWorkspace()));

function generated(options: Partial<BackendOptions> = {}) {
  generate(tree, { name: 'shop', ...options });
  return (file: string) => tree.read(`apps/shop/${file}`, 'utf8') ?? '';
}

describe.each(['fastapi', 'django', 'flask'] as const)('a %s backend', (framework) => {
  test('has the stages of this repository and copies only what is there', () => {
    const read = generated({ framework });
    const stages = readStages(read('Dockerfile'), { file: 'Dockerfile' });
    expect(stages.map(({ name }) => name)).toEqual(['builder', 'deps', 'test', 'runner']);
    const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)];
    const sources = copied.flatMap(([, words = '']) => words.split(' '));
    for (const source of new Set(sources)) expect(tree.exists(`apps/shop/${source}`)).toBe(true);
    expect(sources).toContain('app');
  });

  test('leaves no template mark behind', () => {
    const read = generated({ framework });
    const paths = tree.listChanges().map(({ path }) => path);
    expect(paths.filter((path) => /__dot__|\.template$/.test(path))).toEqual([]);
    for (const path of paths) expect(tree.read(path, 'utf8')).not.toMatch(/<%|%>|undefined/);
    expect(read('tests/test_api.py')).toContain('/health');
  });

  test('is run by its Compose file, under the name that the plugin gives the image', () => {
    updateNxJson(tree, {
      plugins: [
        { plugin: '@excel2doc/nx-stages', options: { imageName: 'registry.test/{projectName}' } },
      ],
    });
    const compose = {
      file: 'apps/shop/compose.yaml',
      model: parseCompose(generated({ framework })('compose.yaml')),
    };
    const project = { image: 'registry.test/shop', projectRoot: 'apps/shop' };
    expect(serviceOf(compose, project as never)).toBe('shop');
    const tests = parse(tree.read('apps/shop/compose.test.yaml', 'utf8') ?? '', {
      customTags: [{ tag: '!override', collection: 'seq', resolve: (value: unknown) => value }],
    } as never) as { services: Record<string, { image?: string }> };
    expect(tests.services['test']?.image).toBe('registry.test/shop:test');
  });
});

test('the roles of its database are made as those of this repository are', () => {
  const script = readFileSync(join(__dirname, '../../../../../docker/postgres/roles.sh'), 'utf8');
  expect(generated()('postgres/roles.sh')).toBe(script);
});

test('neither the service nor its migrations are superusers of the database', () => {
  const { services } = parse(generated()('compose.yaml')) as {
    services: Record<string, { environment: Record<string, string> }>;
  };
  const rule = RULES.find(({ id }) => id === 'database-role');
  expect(rule?.breaches({ services } as never)).toEqual([]);
  const roles = ['shop', 'migrate'].map(
    (name) => /\/\/(\w+):/.exec(services[name]?.environment['DATABASE_URL'] ?? '')?.[1],
  );
  expect(roles).toEqual(['shop_app', 'shop_migrations']);
});

test('passwords are new each time, in a file that git leaves out', () => {
  const first = generated()('.env');
  const second = generated({ name: 'store', directory: 'apps/store' });
  expect(second('.gitignore')).toContain('.env\n');
  expect(first).toMatch(/^POSTGRES_PASSWORD=[0-9a-f]{48}$/m);
  expect(tree.read('apps/store/.env', 'utf8')).not.toBe(first);
  expect(tree.read('apps/shop/.env.example', 'utf8')).not.toMatch(/=./);
});

test('Django is migrated by Django', () => {
  generated({ framework: 'django' });
  expect(readProjectConfiguration(tree, 'shop').targets?.['compose-up']?.options).toEqual({
    migrate: ['python', 'manage.py', 'migrate', '--noinput'],
    migrationService: 'migrate',
  });
});

test.each([
  [{ name: 'Shop' }, '"Shop" is no name'],
  [{ name: 'redis' }, '"redis" is another service'],
  [{ directory: '../shop' }, 'outside of the workspace'],
  [{ directory: 'taken' }, 'taken is not empty'],
])('%j is refused before anything is written', (options, message) => {
  tree.write('taken/file', '');
  const before = tree.listChanges().length;
  expect(() => generated(options)).toThrow(message);
  expect(tree.listChanges()).toHaveLength(before);
});
