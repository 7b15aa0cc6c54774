// Takes 240 s.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeDocument } from './documents';
import { type Stack, startStack, upload } from './stack';

/** As many as two minutes give: a thousand would take five on a busy machine with two cores. */
const CONVERSIONS = 250;
/** Of them, those that a worker does, each with a file to download. */
const JOBS = 30;

let engine: Engine;
let stack: Stack;
let letter: string;

beforeAll(async () => {
  engine = await locateEngine();
  await removeContainers();
  await removeVolumes(() => true);
  stack = await startStack(engine, 'backup', 2);
  letter = await upload(
    stack,
    'templates',
    'letter.docx',
    await writeDocument(stack, ['{{ Name }}']),
  );
});

afterAll(async () => {
  await stack?.compose.down({ volumes: true, timeoutSeconds: 1 });
  await removeVolumes(() => true);
});

const OF_STACK = 'label=com.docker.compose.project=excel2doc-e2e-backup';

/** Those that a run before has left: who holds a volume has to go first. */
async function removeContainers(): Promise<void> {
  const { stdout } = await engine.command(['ps', '--all', '--quiet', '--filter', OF_STACK]);
  const ids = stdout.split('\n').filter((id) => id !== '');
  if (ids.length > 0) await engine.command(['rm', '--force', ...ids]);
}

/**
 * Those of this stack's volumes that `wanted` takes: `down` leaves what only a profile mounts, and
 * what another checkout has backed up is read by its own password alone.
 */
async function removeVolumes(wanted: (name: string) => boolean): Promise<string[]> {
  const { stdout } = await engine.command(['volume', 'ls', '--quiet', '--filter', OF_STACK]);
  const names = stdout.split('\n').filter((name) => name && wanted(name));
  if (names.length > 0) await engine.command(['volume', 'rm', ...names]);
  return names;
}

const api = (path: string, init?: RequestInit) => fetch(`${stack.url}/api/v1/${path}`, init);

const csv = (name: string) => Buffer.from(`Name;Sum\n${name};1\n`);

async function convert(name: string): Promise<void> {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(csv(name))]), `${name}.csv`);
  const answer = await api('convert', { method: 'POST', body: form });
  expect(answer.status).toBe(200);
  await answer.arrayBuffer();
}

async function submit(name: string): Promise<string> {
  const workbook_id = await upload(stack, 'workbooks', `${name}.csv`, csv(name));
  const body = JSON.stringify({ workbook_id, template_id: letter, mode: 'per-row' });
  const headers = { 'content-type': 'application/json' };
  const answer = await api('jobs', { method: 'POST', headers, body });
  expect(answer.status).toBe(202);
  return ((await answer.json()) as { id: string }).id;
}

/** Eight at a time: a client that waits for each would measure the network. */
async function each<T, R>(all: T[], act: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    for (let at = next++; at < all.length; at = next++) results[at] = await act(all[at] as T);
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return results;
}

async function download(job: string): Promise<string> {
  for (;;) {
    const { status } = (await (await api(`jobs/${job}`)).json()) as { status: string };
    if (status === 'done') break;
    expect(['queued', 'running']).toContain(status);
    await sleep(100);
  }
  const answer = await api(`jobs/${job}/result`);
  expect(answer.status).toBe(200);
  return createHash('sha256')
    .update(Buffer.from(await answer.arrayBuffer()))
    .digest('hex');
}

/** The rows of every table but that of the workers, which write their pulse. */
async function rows(): Promise<string> {
  const sql = ['conversions', 'workbooks', 'templates', 'template_versions', 'jobs', 'job_parts']
    .map(
      (table) =>
        `SELECT '${table}', count(*), md5(string_agg(t::text, '' ORDER BY t::text)) FROM ${table} t`,
    )
    .join(' UNION ALL ');
  const command = ['psql', '-U', 'excel2doc', '-d', 'excel2doc', '-Atc', sql];
  return (await stack.compose.exec('postgres', command)).stdout.trim();
}

const files = async (): Promise<string> => {
  const find = 'cd /var/lib/excel2doc/files && find . -type f -exec sha256sum {} + | sort -k2';
  return (await stack.compose.exec('backend', ['sh', '-c', find])).stdout;
};

async function keep(command: string[], service = 'backup'): Promise<string> {
  const { exitCode, stdout, stderr } = await stack.compose.run(service, command, { noDeps: true });
  expect(exitCode, stdout + stderr).toBe(0);
  return stdout;
}

const backups = async () => (await keep(['list'])).trim().split('\n').filter(Boolean);

test('a backup that is killed at any moment is none, and the next one is whole', async () => {
  await convert('first');
  await submit('first').then(download);
  await keep(['backup']);
  const before = await backups();
  expect(before).toHaveLength(1);
  let given = 0;
  for (const afterMs of [800, 1_600, 2_400, 3_200]) {
    const running = stack.compose.run('backup', ['backup'], { noDeps: true });
    await sleep(afterMs);
    const { stdout } = await engine.command([
      ...['ps', '--quiet', '--filter', 'label=com.docker.compose.service=backup'],
      ...['--filter', 'label=com.docker.compose.project=excel2doc-e2e-backup'],
    ]);
    for (const id of stdout.split('\n').filter(Boolean))
      await engine.command(['kill', id], { allowFailure: true });
    const { exitCode } = await running;
    if (exitCode === 0) given += 1;
    // One that had its tag already was whole: every one that is listed can be restored.
    for (const line of await backups())
      if (!before.includes(line)) await keep(['verify', '--snapshot', line.slice(0, 8)]);
  }
  expect(given).toBeLessThan(4);
  await keep(['backup']);
  expect(await keep(['verify'])).toMatch(
    /1 rows|rows, \d+ files restored into scratch and compared/,
  );
});

test('the machine is lost, volumes and all: rows, files and downloads are what they were', async () => {
  const started = performance.now();
  const names = Array.from({ length: CONVERSIONS }, (_, at) => `name-${at}`);
  await each(names.slice(JOBS), convert);
  const jobs = await each(names.slice(0, JOBS), submit);
  const downloads = await each(jobs, download);
  console.log(`${CONVERSIONS} conversions: ${Math.round((performance.now() - started) / 1000)} s`);
  expect(new Set(downloads).size).toBe(JOBS);
  const [rowsBefore, filesBefore] = [await rows(), await files()];
  const said = await keep(['backup']);
  console.log(said);

  // All but where the backups are kept, which is another machine elsewhere.
  await stack.compose.down({ timeoutSeconds: 1 });
  const lost = await removeVolumes((name) => !name.endsWith('_backups'));
  expect(lost.length).toBeGreaterThan(2);

  await stack.compose.up({ services: ['postgres', 'redis'], wait: true });
  const restoring = performance.now();
  console.log(await keep(['restore'], 'restore'));
  console.log(`restored in ${Math.round((performance.now() - restoring) / 1000)} s`);
  await stack.compose.up({ services: ['backend', 'worker'], wait: true });
  expect(await rows()).toBe(rowsBefore);
  expect(await files()).toBe(filesBefore);
  expect(await each(jobs, download)).toEqual(downloads);
});

test('what is there is not replaced unless that is said, and then kept', async () => {
  const refused = await stack.compose.run('restore', ['restore'], { noDeps: true });
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toMatch(/✗ There are \d+ rows and \d+ files: --replace/);
});
