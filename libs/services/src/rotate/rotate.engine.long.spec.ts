// Takes 240 s.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseEnv } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestWorkspace, testWorkspace } from '../testing/workspace';
import { type RotateOptions, rotateSecret } from './secret';

/** Asks as often as it can, each time by a new connection, and counts what fails. */
const asking = (ask: string) =>
  `['sh', '-c', 'while :; do if ${ask} >/dev/null 2>/tmp/said; then touch /tmp/ok; echo . >> /log/$$NAME; else cat /tmp/said >> /log/failed; fi; done']`;
const client = (name: string, image: string, ask: string, url: string) => `
  ${name}:
    image: ${image}
    init: true
    stop_grace_period: 1s
    command: ${asking(ask)}
    environment: { NAME: ${name}, URL: '${url}' }
    volumes: [log:/log]
    healthcheck: { test: [CMD, test, -e, /tmp/ok], interval: 1s, retries: 60 }`;
const PG_URL = 'postgresql://$' + '{POSTGRES_USER:-shop}:$' + '{POSTGRES_PASSWORD}@db:5432/shop';
const pgClient = (name: string) =>
  client(name, 'postgres:17-bookworm', 'psql -Xqc "CREATE TEMP TABLE t (a int)" "$$URL"', PG_URL);
const redisClient = (name: string) =>
  // What the server is not reachable for is not counted: it is started anew once.
  client(
    name,
    'redis:7-bookworm',
    'redis-cli -u "$$URL" PING | tee /tmp/said | grep -q -e PONG -e refused -e LOADING || grep -q -e refused -e LOADING -e resol -e closed /tmp/said',
    'redis://default:$' + '{REDIS_PASSWORD}@cache:6379',
  );

let workspace: TestWorkspace;
beforeAll(async () => {
  workspace = await testWorkspace(
    () =>
      `services:
  db:
    image: postgres:17-bookworm
    environment: { POSTGRES_USER: shop, POSTGRES_DB: shop, POSTGRES_PASSWORD: '$` +
      `{POSTGRES_PASSWORD}' }
    volumes: [data:/var/lib/postgresql/data]
    healthcheck:
      test: [CMD-SHELL, 'pg_isready -q -h 127.0.0.1 -U shop -d shop']
      interval: 1s
      retries: 60
  cache:
    image: redis:7-bookworm
    command: [redis-server, --appendonly, 'yes', --requirepass, '$` +
      `{REDIS_PASSWORD}']
    environment: { REDISCLI_AUTH: '$` +
      `{REDIS_PASSWORD}' }
    volumes: [kept:/data]
    healthcheck: { test: [CMD-SHELL, 'redis-cli ping | grep -q PONG'], interval: 1s, retries: 60 }
${pgClient('web')}${pgClient('worker')}${redisClient('counter')}
volumes: { data: , kept: , log: }
`,
  );
  writeFileSync(envFile(), '# kept\nPOSTGRES_PASSWORD=old\nREDIS_PASSWORD=old\n');
  chmodSync(envFile(), 0o640);
  workspace.options.envFile = 'docker/.env';
  const { compose } = await workspace.open();
  await compose.up({ wait: true });
}, 300_000);
afterAll(() => workspace.remove());

const envFile = () => join(workspace.root, 'docker/.env');
const values = () => parseEnv(readFileSync(envFile(), 'utf8')) as Record<string, string>;
const options = (secret: 'postgres' | 'redis'): RotateOptions => ({
  ...workspace.options,
  secret,
  database: 'db',
  redis: 'cache',
  waitSeconds: 120,
});

/** What a new connection of a client service says, as its own environment has it. */
async function inService(service: string, script: string): Promise<string> {
  const { compose } = await workspace.open();
  const { stdout, stderr } = await compose.exec(service, ['sh', '-c', script]);
  return `${stdout}${stderr}`.trim();
}
const failed = () => inService('web', 'cat /log/failed 2>/dev/null || true');

beforeEach(async () => {
  await inService('web', 'rm -f /log/failed');
});

async function rotated(secret: 'postgres' | 'redis'): Promise<string[]> {
  const said: string[] = [];
  await rotateSecret(options(secret), { root: workspace.root }, (line) => said.push(line));
  return said;
}

describe('a rotation', () => {
  test('of PostgreSQL fails no connection, and the old password is refused', async () => {
    const said = await rotated('postgres');
    expect(await failed()).toBe('');
    expect(said).toContain(
      'db takes the new POSTGRES_PASSWORD and refuses the old one: tried with a connection each',
    );
    const { POSTGRES_PASSWORD: now, ...rest } = values();
    expect(now).toMatch(/^[0-9a-f]{48}$/);
    expect(rest).toEqual({ REDIS_PASSWORD: 'old' });
    expect(readFileSync(envFile(), 'utf8')).toMatch(/^# kept\n/);
    expect(statSync(envFile()).mode & 0o777).toBe(0o640);
    const connect = (password: string) =>
      inService('web', `psql -Xqtc 'SELECT current_user' postgresql://shop:${password}@db/shop`);
    expect(await connect(now!)).toBe('shop');
    expect(await connect('old')).toContain('password authentication failed');
    // Nothing is left of the way.
    expect(
      await inService(
        'worker',
        'psql -Xqtc "SELECT count(*) FROM pg_roles WHERE rolcanlogin" "$URL"',
      ),
    ).toBe('1');
    expect(await inService('worker', 'echo "$URL"')).toBe(`postgresql://shop:${now}@db:5432/shop`);
  }, 300_000);

  test('of Redis fails no password, outlives its restart, and keeps what it holds', async () => {
    const ask = (command: string) =>
      inService('counter', `redis-cli --no-auth-warning -u "$URL" ${command}`);
    await ask('SET kept 1');
    await rotated('redis');
    expect(await failed()).toBe('');
    const { compose } = await workspace.open();
    await compose.call(['restart', 'cache']);
    await compose.up({ services: ['cache'], wait: true });
    expect(await ask('GET kept')).toBe('1');
    expect(await inService('counter', 'redis-cli -u redis://default:old@cache:6379 PING')).toMatch(
      /WRONGPASS|NOAUTH/,
    );
  }, 300_000);

  test('that a service does not live through is put back, and said so', async () => {
    const before = readFileSync(envFile(), 'utf8');
    const script = join(workspace.root, 'docker/compose.yaml');
    const good = readFileSync(script, 'utf8');
    // It ends at once when it is not the user that it knows.
    writeFileSync(
      script,
      good.replace(
        /(worker:[\s\S]*?'sh', '-c', ')while/,
        '$1case "$$$$URL" in *_rotating*) exit 3;; esac; while',
      ),
    );
    await expect(rotated('postgres')).rejects.toMatchObject({
      code: 'ROTATION_FAILED',
      message: expect.stringMatching(
        /worker.*All is as it was: db takes the old POSTGRES_PASSWORD/s,
      ),
    });
    writeFileSync(script, good);
    expect(readFileSync(envFile(), 'utf8')).toBe(before);
    expect(await failed()).toBe('');
    expect(await inService('web', 'psql -Xqtc "SELECT current_user" "$URL"')).toBe('shop');
    expect(
      await inService('web', 'psql -Xqtc "SELECT count(*) FROM pg_roles WHERE rolcanlogin" "$URL"'),
    ).toBe('1');
  }, 300_000);

  test.each([1, 4])(
    'that was killed after %i of its steps is run again',
    async (steps) => {
      const { POSTGRES_PASSWORD: before } = values();
      await killed(steps);
      await rotated('postgres');
      const { POSTGRES_PASSWORD: now, ...rest } = values();
      expect(now).not.toBe(before);
      expect(Object.keys(rest)).toEqual(['REDIS_PASSWORD']);
      expect(await failed()).toBe('');
      expect(await inService('web', 'psql -Xqtc "SELECT current_user" "$URL"')).toBe('shop');
    },
    300_000,
  );

  test('with a password that the server does not take changes nothing', async () => {
    const good = readFileSync(envFile(), 'utf8');
    const wrong = good.replace(/POSTGRES_PASSWORD=.*/, 'POSTGRES_PASSWORD=another');
    writeFileSync(envFile(), wrong);
    await expect(rotated('postgres')).rejects.toMatchObject({
      message: expect.stringMatching(/db does not take POSTGRES_PASSWORD of .*nothing was changed/),
    });
    expect(readFileSync(envFile(), 'utf8')).toBe(wrong);
    writeFileSync(envFile(), good);
  }, 300_000);
});

/** Rotates in a process of its own, which is killed when it has said that many lines. */
async function killed(steps: number): Promise<void> {
  const script = join(__dirname, '../testing/rotate-in.ts');
  const given = JSON.stringify({ options: options('postgres'), root: workspace.root });
  const child = spawn(process.execPath, ['--import', 'tsx', script, given], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  let said = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('step: ') && ++said === steps) child.kill('SIGKILL');
  }
  await ended;
  expect(said).toBeGreaterThanOrEqual(steps);
}
