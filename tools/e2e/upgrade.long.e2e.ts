// Takes 700 s.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Clone, makeClone, runIn } from './clone';
import { nx } from './guide';
import { type Ask, keepAsking, type Load } from './load';
import { authorityOf, provideTlsFront, tlsClient } from './tls-front';

let clone: Clone;
let engine: Engine;
let port: number;
let authority: string;

const MAIN = 'apps/backend/app/main.py';
const HEALTH = 'apps/backend/app/api/health.py';

const compose = () => engine.compose({ files: [], project: clone.project });
const file = (path: string) => join(clone.folder, path);
const inClone = (command: string) => runIn(clone, 'sh', ['-c', command]);
const upgrade = () => inClone(nx('compose-up -c production'));

function change(path: string, edit: (text: string) => string): () => void {
  const before = readFileSync(file(path), 'utf8');
  const after = edit(before);
  expect(after).not.toBe(before);
  writeFileSync(file(path), after);
  return () => writeFileSync(file(path), before);
}

/** The containers of the services of the image, by service. */
async function containers(): Promise<Record<string, string>> {
  const label = 'com.docker.compose';
  const { stdout } = await engine.command([
    ...['ps', '--all', '--no-trunc', '--filter', `label=${label}.project=${clone.project}`],
    ...['--format', `{{.Label "${label}.service"}} {{.ID}}`],
  ]);
  const rows = stdout.split('\n').filter((row) => /^(backend|worker) /.test(row));
  return Object.fromEntries(rows.sort().map((row) => row.split(' ') as [string, string]));
}

/** Who uses the service meanwhile: eyes on its health, short and long conversions, uploads. */
function clients(): Ask[] {
  const csv = (name: string, rows: number): FormData => {
    const lines = Array.from({ length: rows }, (_, row) => `${name}${row};${row}`);
    const form = new FormData();
    form.append('file', new Blob([['Name;Sum', ...lines].join('\n')]), `${name}.csv`);
    return form;
  };
  const asking = (
    status: number,
    ask: (client: ReturnType<typeof tlsClient>) => ReturnType<ReturnType<typeof tlsClient>>,
    keepAlive = true,
  ): Ask => {
    const client = tlsClient(port, authority, keepAlive);
    return async () => {
      const answer = await ask(client);
      if (answer.status !== status) throw new Error(`${answer.status}: ${answer.body.toString()}`);
    };
  };
  return [
    asking(200, (client) => client('GET', '/health')),
    asking(200, (client) => client('GET', '/health/live'), false),
    asking(200, (client) => client('GET', '/')),
    asking(200, (client) => client('POST', '/api/v1/convert', csv('short', 3))),
    asking(200, (client) => client('POST', '/api/v1/convert', csv('long', 20_000))),
    asking(201, (client) => client('POST', '/api/v1/workbooks', csv('kept', 3))),
    asking(201, (client) => client('POST', '/api/v1/workbooks', csv('new', 3)), false),
  ];
}

/** Upgrades to what the clone has now, while clients ask. */
async function underLoad(): Promise<{ status: number; output: string; load: Load }> {
  const asking = keepAsking(clients());
  const { status, output } = await upgrade();
  const load = await asking.stop();
  console.log(
    `${load.answered} answered, ${load.failures.length} failed, longest gap ${Math.round(load.longestGapMs)} ms`,
  );
  if (load.failures.length > 0) console.log(output);
  return { status, output, load };
}

beforeAll(async () => {
  engine = await locateEngine();
  clone = await makeClone('upgrade');
  port = await provideTlsFront(engine, clone);
  const { status, output } = await inClone('npm start');
  expect(output).toContain('The backend is up');
  expect(status).toBe(0);
  // One client behind the front is many: it is not its number of requests that is tried.
  const values = readFileSync(file('docker/.env'), 'utf8');
  const more = 'SITE_ADDRESS=localhost\nEXCEL2DOC_RATE_PER_MINUTE=1000000\n';
  writeFileSync(file('docker/.env.prod'), values + more, { mode: 0o600 });
  const first = await upgrade();
  expect(first.output).toContain('Successfully ran target compose-up');
  authority = await authorityOf(compose());
}, 1_200_000);

afterAll(async () => {
  await compose().down({ volumes: true });
  for (const { repository, tag } of await engine.listImages([
    `reference=excel2doc/*:*${clone.tag}*`,
  ]))
    await engine.removeImage(`${repository}:${tag}`);
  rmSync(clone.folder, { recursive: true, force: true });
});

test('the certificate is checked: another authority is not believed', async () => {
  const other = tlsClient(port, rootCertificates[0]!, false);
  await expect(other('GET', '/health')).rejects.toMatchObject({
    code: expect.stringMatching(/^(UNABLE_TO_|SELF_SIGNED_CERT)/),
  });
  expect((await tlsClient(port, authority)('GET', '/health')).status).toBe(200);
});

test('a good image takes over, and no request fails', { timeout: 900_000 }, async () => {
  const before = await containers();
  change(MAIN, (text) => `${text}\napp.add_api_route("/second", lambda: "second")\n`);
  const { status, output, load } = await underLoad();
  expect(load.failures).toEqual([]);
  expect(load.answered).toBeGreaterThan(50);
  expect(output).toMatch(
    /^backend \(\w{12}\) was stopped after its new container was healthy beside it$/m,
  );
  expect(status).toBe(0);
  expect((await tlsClient(port, authority)('GET', '/second')).body.toString()).toBe('"second"');
  const after = await containers();
  expect(Object.keys(after)).toEqual(Object.keys(before));
  for (const [service, id] of Object.entries(before)) expect(after[service]).not.toBe(id);
});

/** A statement before each look at the service's health. */
const inHealth = (statement: string) => (text: string) =>
  text.replace('    states = ', `    ${statement}\n    states = `);

test.each<[string, string, (text: string) => string, RegExp]>([
  [
    'does not start',
    MAIN,
    (text) => `${text}\nraise RuntimeError("a bad image")\n`,
    /did not get healthy: backend: .*of what ran before, backend \(\w{12}\) still serves, worker/,
  ],
  [
    'answers 500 when its health is asked',
    HEALTH,
    inHealth('raise OSError'),
    /did not get healthy: backend: its health check fails.*backend \(\w{12}\) still serves/,
  ],
  [
    'ends when it has been healthy for a moment',
    HEALTH,
    inHealth('import os, threading; threading.Timer(1, os._exit, (3,)).start()'),
    /did not get healthy: backend: it end.*backend \(\w{12}\) still serves/,
  ],
])(
  'an image that %s is refused, and no request fails',
  { timeout: 900_000 },
  async (_, path, edit, says) => {
    const before = await containers();
    const undo = change(path, edit);
    const { status, output, load } = await underLoad();
    undo();
    expect(load.failures).toEqual([]);
    expect(load.answered).toBeGreaterThan(50);
    expect(output).toMatch(says);
    expect(status).not.toBe(0);
    expect(await containers()).toEqual(before);
  },
);
