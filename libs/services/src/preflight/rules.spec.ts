import { describe, expect, test } from 'vitest';
import { writtenValues } from './gather';
import type { PreflightFacts, ServiceModel } from './model';
import { breaches, RULES } from './rules';

const good: ServiceModel = {
  image: 'acme/api:1.2.3',
  restart: 'unless-stopped',
  read_only: true,
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  healthcheck: { test: ['CMD', 'true'] },
  logging: { driver: 'json-file', options: { 'max-size': '10m' } },
  deploy: { resources: { limits: { memory: '1073741824', cpus: 1 } } },
  environment: { DB_PASSWORD: 'jX92kdlw02mdkw' },
};
const facts = (
  change: Partial<ServiceModel> = {},
  more: Partial<PreflightFacts> = {},
): PreflightFacts => ({
  services: { api: { ...good, ...change } },
  own: [{ service: 'api', user: 'app', healthcheck: true }],
  written: [],
  trackedSecrets: [],
  openSecrets: [],
  ...more,
});
const without = (name: keyof ServiceModel): Partial<ServiceModel> =>
  ({ [name]: undefined }) as never;
const limited = 'redis-server --maxmemory 100mb';
const redis = (command: ServiceModel['command']): Partial<ServiceModel> => ({
  image: 'library/redis:7',
  volumes: [{ type: 'volume', target: '/data' }],
  command: command ?? null,
});
const written = (name: string, value: string) => ({
  written: [{ file: 'compose.yaml', service: 'api', name, value }],
});

test('a good configuration breaks no rule', () => {
  expect(breaches(facts())).toEqual([]);
});

describe('the rule', () => {
  test.each<[rule: string, facts: PreflightFacts]>([
    ['secrets-not-written', facts({}, written('DB_PASSWORD', 'hunter2'))],
    ['secrets-not-in-urls', facts({}, written('DATABASE_URL', 'postgresql://me:hunter2@db/x'))],
    ['secrets-strong', facts({ environment: { POSTGRES_PASSWORD: 'excel2doc123' } })],
    ['secrets-strong', facts({ environment: { POSTGRES_PASSWORD: '' } })],
    ['secrets-not-in-git', facts({}, { trackedSecrets: ['.env'] })],
    ['secrets-private', facts({}, { openSecrets: ['.env.prod (0644)'] })],
    ['tls-on', facts({ image: 'caddy:2', environment: { SITE_ADDRESS: 'http://a.example' } })],
    ['tls-on', facts({ image: 'caddy:2', environment: { SITE_ADDRESS: ':80' } })],
    ['database-role', facts({ environment: { URL: 'postgresql+psycopg://postgres:x@db.lan/a' } })],
    ['database-role', facts({ environment: { PGUSER: 'postgres' } })],
    ['data-persistent', facts({ image: 'postgres:17' })],
    [
      'data-persistent',
      facts({ ...redis(limited), volumes: [{ type: 'tmpfs', target: '/data' }] }),
    ],
    ['log-rotation', facts(without('logging'))],
    ['memory-limit', facts({ deploy: { resources: { limits: { cpus: 1 } } } })],
    ['redis-limited', facts(redis(['redis-server', '--appendonly', 'yes']))],
    ['redis-limited', facts(redis('redis-server --maxmemory 0'))],
    ['redis-limited', facts(redis(null))],
    ['cpu-limit', facts({ deploy: { resources: { limits: { memory: '1' } } } })],
    [
      'health-check',
      facts(without('healthcheck'), { own: [{ service: 'api', user: 'app', healthcheck: false }] }),
    ],
    ['health-check', facts({ healthcheck: { disable: true } })],
    ['restart-policy', facts({ restart: 'no' })],
    ['read-only-root', facts(without('read_only'))],
    ['capabilities-dropped', facts({ cap_drop: ['NET_RAW'] })],
    ['no-new-privileges', facts({ security_opt: ['no-new-privileges:false'] })],
    ['not-privileged', facts({ privileged: true })],
    ['not-privileged', facts({ network_mode: 'host' })],
    [
      'not-privileged',
      facts({ volumes: [{ type: 'bind', source: '/var/run/docker.sock', target: '/s' }] }),
    ],
    ['non-root', facts({}, { own: [{ service: 'api', user: undefined, healthcheck: true }] })],
    ['non-root', facts({ user: '0:0' })],
    ['image-pinned', facts({ image: 'acme/api:latest' })],
    ['image-pinned', facts({ image: 'localhost:5000/acme/api' })],
    ['behind-tls', facts({ ports: [{ published: '8000', target: 8000 }] })],
  ])('%s is broken', (rule, broken) => {
    expect(breaches(broken).map((each) => each.rule.id)).toEqual([rule]);
  });

  test.each<[why: string, facts: PreflightFacts]>([
    ['a secret comes from a variable', facts({}, written('DB_PASSWORD', '${DB_PASSWORD:?}'))],
    ['the password of a URL does', facts({}, written('URL', 'postgresql://me:${P}@db/x'))],
    ['Redis has a limit', facts(redis(limited))],
    ['Redis has a file of settings', facts(redis(['redis-server', '/etc/redis.conf']))],
    ['logs go elsewhere', facts({ logging: { driver: 'syslog' } })],
    ['the image has the health check', facts(without('healthcheck'))],
    [
      'swarm restarts it',
      facts({
        ...without('restart'),
        deploy: { ...good.deploy, restart_policy: { condition: 'any' } },
      }),
    ],
    ['a digest pins the image', facts({ image: `acme/api@sha256:${'0'.repeat(64)}` })],
    ['the port is on loopback', facts({ ports: [{ host_ip: '127.0.0.1', published: '8000' }] })],
    [
      'its address is a name',
      facts({ image: 'caddy:2', environment: { SITE_ADDRESS: 'a.example' } }),
    ],
    ['it is the TLS front', facts({ image: 'caddy:2.8.4', ports: [{ published: '443' }] })],
  ])('is kept where %s', (_why, kept) => {
    expect(breaches(kept)).toEqual([]);
  });

  test('is left out for a service by name only', () => {
    const broken = facts(without('read_only'));
    expect(breaches(broken, ['read-only-root:api'])).toEqual([]);
    expect(breaches(broken, ['read-only-root:db'])).toHaveLength(1);
  });
});

test('each rule has a reason in English and Chinese, and an id of its own', () => {
  for (const { reason } of RULES) expect(reason.en && reason.zh).toMatch(/\p{Script=Han}/u);
  expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
});

test('values are read as the file writes them, as a map or as a list', () => {
  const text = 'services: {a: {environment: {X: 1}}, b: {environment: ["Y=2=3", Z]}, c: null}';
  expect(
    writtenValues('f', text).map(({ service, name, value }) => [service, name, value]),
  ).toEqual([
    ['a', 'X', '1'],
    ['b', 'Y', '2=3'],
    ['b', 'Z', ''],
  ]);
});

describe('a role at PostgreSQL', () => {
  const database: ServiceModel = {
    ...good,
    image: 'postgres:17',
    volumes: [{ type: 'volume', target: '/var/lib/postgresql/data' }],
    environment: { POSTGRES_USER: 'shop', POSTGRES_PASSWORD: 'jX92kdlw02mdkw' },
  };
  const found = (environment: Record<string, string>, server = database) =>
    breaches(facts({}, { services: { api: { ...good, environment }, db: server } })).map(
      (each) => `${each.rule.id}: ${each.service} ${each.found}`,
    );

  test.each([
    { DATABASE_URL: 'postgresql://shop:jX92kdlw02mdkw@db:5432/shop' },
    { DATABASE_URL: 'postgresql://sh%6Fp@db/shop' },
  ])('that its image has made a superuser is found: %o', (environment) => {
    expect(found(environment)).toEqual([
      'database-role: api DATABASE_URL connects as shop, the superuser that db is made with',
    ]);
  });

  test('is found by the variables of its clients, and where the image names it itself', () => {
    expect(found({ PGUSER: 'shop', PGHOST: 'db' })).toHaveLength(1);
    const unnamed = { ...database, environment: { POSTGRES_PASSWORD: 'jX92kdlw02mdkw' } };
    expect(found({ A: 'postgres://postgres:jX92kdlw02mdkw@db' }, unnamed)).toHaveLength(1);
  });

  test.each([
    { DATABASE_URL: 'postgresql://shop_app:jX92kdlw02mdkw@db:5432/shop' },
    // What another server makes of that name, the files do not say.
    { DATABASE_URL: 'postgresql://shop:jX92kdlw02mdkw@db.elsewhere.example/shop' },
    { OTHER_URL: 'mysql://shop:jX92kdlw02mdkw@db/shop' },
  ])('that is none is not: %o', (environment) => {
    expect(found(environment)).toEqual([]);
  });
});
