import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { workspaceRoot } from '../workspace';

const read = (path: string) => readFileSync(join(workspaceRoot, path), 'utf8');

/** Where the container is made to be what it is, nobody has to say it. */
const OF_THE_CONTAINER = ['storage_dir', 'host_name'];

/** The fields of the backend's class of settings. */
function settings(): string[] {
  const source = read('apps/backend/app/core/config.py');
  const [, body = ''] =
    /^class Settings\(BaseSettings\):\n(.*?)^ {4}@property/ms.exec(source) ?? [];
  return [...body.matchAll(/^ {4}(\w+): /gm)].map(([, name = '']) => name);
}

/** Those that are of the environment by a name of their own. */
const named = settings().filter((name) => !['database_url', 'redis_url'].includes(name));
const variable = (name: string) => `EXCEL2DOC_${name.toUpperCase()}`;

type Environment = Record<string, string | null>;
const { services } = parse(read('docker/compose.yaml')) as {
  services: Record<string, { environment: Environment & { '<<': Environment | Environment[] } }>;
};

/** What Compose gives to a service, with what it takes over from other parts of the file. */
function environmentOf(service: string): Environment {
  const { '<<': taken, ...own } = services[service]?.environment ?? { '<<': {} };
  return Object.assign({}, ...[taken].flat(), own) as Environment;
}

test('there are settings', () => {
  expect(named).toContain('webhook_secret_file');
  expect(named.length).toBeGreaterThan(20);
});

test.each(['backend', 'worker'])("Compose's %s is told every setting of docker/.env", (service) => {
  const told = Object.keys(environmentOf(service));
  const wanted = named.filter((name) => !OF_THE_CONTAINER.includes(name)).map(variable);
  expect(told.filter((name) => name.startsWith('EXCEL2DOC_')).sort()).toEqual(wanted.sort());
});

test.each(['backend', 'worker'])('a setting without a value is not there for %s', (service) => {
  const environment = environmentOf(service);
  const given = Object.keys(environment).filter((name) => environment[name] !== null);
  expect(given.sort()).toEqual(['DATABASE_URL', 'REDIS_URL']);
});

test('a worker without a way out is told of nothing that goes out', () => {
  const told = Object.keys(environmentOf('pdf-worker'));
  expect(told.filter((name) => /WEBHOOK|SMTP|MAIL/.test(name))).toEqual([]);
});

test.each(named)("%s stands in the README's table", (name) => {
  const table = read('apps/backend/README.md')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .join('\n');
  // `EXCEL2DOC_A`, or `_A` after another one
  expect(table).toMatch(new RegExp(`\`(EXCEL2DOC)?_${name.toUpperCase()}\``));
});

test('a backup wants each kind of file that the sweep keeps', () => {
  const tables = new Map(
    [
      ...read('apps/backend/app/tables.py').matchAll(
        /^class (\w+)\((?:\w+, )*Base\):.*?__tablename__ = "(\w+)"/gms,
      ),
    ].map(([, name = '', table = '']) => [name, table]),
  );
  const kept = [
    ...read('apps/backend/app/worker/sweep.py').matchAll(/select\((\w+)\.(\w*sha256)\)/g),
  ];
  expect(kept.length).toBeGreaterThan(5);
  const query = environmentOf('backup')['BACKUP_REFERENCES'] ?? '';
  for (const [, name = '', column = ''] of kept) {
    const table = tables.get(name);
    expect(table, `${name} is a table`).toBeDefined();
    expect(query).toMatch(new RegExp(`${column} FROM ${table}\\b`));
  }
});
