import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { serviceOf } from './compose-services';
import { composeTargets } from './compose-targets';
import { parseCompose } from './compose-file';

const project = {
  projectRoot: 'apps/api',
  image: 'acme/api',
  stages: ['deps', 'test', 'runner'],
  dockerfile: 'apps/api/Dockerfile',
  context: 'apps/api',
  lockFile: 'docker/images.lock.json',
  has: (file: string) => ['alembic.ini', 'pyproject.toml'].includes(file),
};
const compose = (service: object) => ({
  file: 'docker/compose.yaml',
  model: parseCompose(JSON.stringify({ services: { db: { image: 'postgres:17' }, api: service } })),
});

describe('the service that runs a project', () => {
  test.each([
    ['the tag is plain', { image: 'acme/api:dev' }],
    ['there is no tag', { image: 'acme/api' }],
    ['the tag is a variable with a default', { image: 'acme/api:${TAG:-dev}' }],
    ['a digest follows', { image: 'acme/api@sha256:00' }],
    ['build is a path to the project', { build: '../apps/api' }],
    ['build.context is a path to the project', { build: { context: '../apps/api' } }],
  ])('is found where %s', (_when, service) => {
    expect(serviceOf(compose(service), project)).toBe('api');
  });

  test.each([
    ['another image of the same organisation', { image: 'acme/api-docs:dev' }],
    ['the same name on another registry', { image: 'localhost:5000/acme/api:dev' }],
    ['another folder', { build: '../apps/web' }],
  ])('is not %s', (_what, service) => {
    expect(serviceOf(compose(service), project)).toBeUndefined();
  });
});

describe('targets of a Compose file', () => {
  const tests = { file: 'docker/compose.test.yaml', model: parseCompose('services: {test: {}}') };

  test('compose-up builds first and migrates where there is an alembic.ini', () => {
    const targets = composeTargets(compose({}), 'api', project, undefined);
    expect(targets['compose-up']).toMatchObject({
      cache: false,
      dependsOn: ['docker-build'],
      options: { service: 'api', migrate: ['alembic', 'upgrade', 'head'], envFile: 'docker/.env' },
    });
  });

  test.each([
    ['runs its image in a profile', { image: 'acme/api:dev', profiles: ['migrate'] }, 'migrate'],
    ['is started with the others', { image: 'acme/api:dev' }, undefined],
    ['runs another image', { image: 'acme/migrate', profiles: ['migrate'] }, undefined],
  ])('a service `migrate` that %s: migrations run in %3$s', (_what, migrate, expected) => {
    const file = compose({ image: 'acme/api:dev' });
    file.model.services['migrate'] = migrate;
    const targets = composeTargets(file, 'api', project, undefined, 'docker/compose.prod.yaml');
    for (const name of ['compose-up', 'deploy', 'db-migrate', 'db-history', 'db-check'])
      expect((targets[name]?.options as object)['migrationService' as never], name).toBe(expected);
    // Whoever looks at the data needs none.
    for (const name of ['db-shell', 'db-backup', 'db-restore'])
      expect(targets[name]?.options).not.toHaveProperty('migrationService');
  });

  test('a project without migrations gets no database targets', () => {
    const targets = composeTargets(compose({}), 'api', { ...project, has: () => false }, undefined);
    expect(Object.keys(targets).filter((name) => name.startsWith('db-'))).toEqual([]);
  });

  test.each([
    [
      'services',
      [
        'compose-up',
        'compose-down',
        'compose-ps',
        'compose-logs',
        'compose-restart',
        'compose-watch',
      ],
    ],
    [
      'database',
      [
        'db-migrate',
        'db-history',
        'db-revision',
        'db-shell',
        'db-check',
        'db-backup',
        'db-restore',
      ],
    ],
    ['inside', ['shell', 'exec', 'pip-list']],
    ['care', ['stats', 'images', 'health', 'prune', 'doctor', 'preflight', 'docker-audit']],
  ])('the %s targets are there, and none of them is cached', (_group, names) => {
    const targets = composeTargets(compose({}), 'api', project, undefined);
    for (const name of names) expect(targets[name]).toMatchObject({ cache: false });
  });

  test('every option that a target sets is one that its executor takes', () => {
    const prod = 'docker/compose.prod.yaml';
    for (const target of Object.values(composeTargets(compose({}), 'api', project, tests, prod))) {
      const name = (target.executor ?? '').split(':')[1];
      const file = join(__dirname, `../executors/${name}/schema.json`);
      const schema = JSON.parse(readFileSync(file, 'utf8')) as {
        properties: object;
        required: string[];
      };
      const known = Object.keys(schema.properties);
      expect(known).toEqual(expect.arrayContaining(Object.keys(target.options)));
      expect(known).toEqual(
        expect.arrayContaining(Object.keys(target.configurations?.['production'] ?? {})),
      );
    }
  });

  test('a compose.prod.yaml gives the production configuration, with a backup before migrations', () => {
    const prod = 'docker/compose.prod.yaml';
    const targets = composeTargets(compose({}), 'api', project, undefined, prod);
    const files = ['docker/compose.yaml', prod];
    for (const name of ['compose-up', 'db-migrate'])
      expect(targets[name]?.configurations?.['production']).toMatchObject({ files, backup: true });
    expect(targets['preflight']?.options).toMatchObject({ files, envFile: 'docker/.env.prod' });
  });

  test('a test stage and a compose.test.yaml give a cached test keyed by the test image', () => {
    const { test: target } = composeTargets(compose({}), 'api', project, tests);
    expect(target).toMatchObject({ cache: true, dependsOn: ['docker-test'] });
    expect(target?.inputs).toContainEqual({
      dependentTasksOutputFiles: '**/docker/test/**/image.json',
    });
  });
});

test('a file without services is no Compose file', () => {
  expect(() => parseCompose('version: "3"')).toThrow('it has no services');
});
