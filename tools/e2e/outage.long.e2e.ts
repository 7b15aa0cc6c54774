// Takes 180 s.
import { locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeDocument } from './documents';
import { type Stack, startStack, upload } from './stack';

interface Job {
  id: string;
  status: string;
  attempt: number;
  rows_done: number;
  error: object | null;
}

let stack: Stack;
let letter: string;

beforeAll(async () => {
  stack = await startStack(await locateEngine(), 'outage', 2);
  letter = await upload(
    stack,
    'templates',
    'letter.docx',
    await writeDocument(stack, ['{{ Name }}']),
  );
});

afterAll(() => stack?.compose.down({ volumes: true }));

const api = (path: string, init?: RequestInit) => fetch(`${stack.url}/api/v1/${path}`, init);

const submit = (workbookId: string): Promise<Response> =>
  api('jobs', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ workbook_id: workbookId, template_id: letter, mode: 'per-row' }),
  });

/** An accepted job that makes a letter for each of `rows` names, which begin with `name`. */
async function accepted(name: string, rows: number): Promise<Job> {
  const names = Array.from({ length: rows }, (_, at) => `${name}${at}`);
  const csv = Buffer.from(['Name;Sum', ...names.map((each) => `${each};1`)].join('\n'));
  const answer = await submit(await upload(stack, 'workbooks', `${name}.csv`, csv));
  expect(answer.status).toBe(202);
  return (await answer.json()) as Job;
}

const look = async ({ id }: Job): Promise<Job> => (await (await api(`jobs/${id}`)).json()) as Job;

/** A job is given ten minutes: on a busy machine all takes a while, and never is told from slow. */
async function until(job: Job, hold: (found: Job) => boolean): Promise<Job> {
  const endMs = Date.now() + 10 * 60_000;
  for (;;) {
    const found = await look(job);
    if (hold(found)) return found;
    const isOver = ['failed', 'cancelled'].includes(found.status) || Date.now() > endMs;
    if (isOver) expect.unreachable(JSON.stringify(found));
    await sleep(200);
  }
}

const done = (job: Job): Promise<Job> => until(job, ({ status }) => status === 'done');

/** How many different letters the result of `job` holds, each opened. */
const letters = async (job: Job): Promise<number> =>
  Number(await stack.python('backend', COUNT, job.id));

const COUNT = `
import io, re, sys, urllib.request, zipfile
url = f"http://127.0.0.1:8000/api/v1/jobs/{sys.stdin.read()}/result"
archive = zipfile.ZipFile(io.BytesIO(urllib.request.urlopen(url).read()))
found = set()
for name in archive.namelist():
    letter = zipfile.ZipFile(io.BytesIO(archive.read(name))).read("word/document.xml")
    found.update(re.findall(rb">([a-g]\\d+)<", letter))
print(len(found))`;

test('Redis emptied while jobs wait, and gone while one runs, loses none', async () => {
  await stack.compose.call(['stop', 'worker', 'pdf-worker']);
  const waiting = [await accepted('a', 3), await accepted('b', 3)];
  const emptied = await stack.compose.exec('redis', ['redis-cli', 'FLUSHALL']);
  expect(emptied.stdout.trim()).toBe('OK');
  await stack.compose.call(['start', 'worker']);
  for (const job of waiting) expect(await done(job)).toMatchObject({ attempt: 1, error: null });

  const long = await accepted('c', 1500);
  await until(long, ({ rows_done: rows }) => rows > 0);
  await stack.compose.call(['stop', 'redis']);
  expect((await fetch(`${stack.url}/health/ready`)).status).toBe(503);
  const without = await accepted('d', 3);
  expect(await done(without)).toMatchObject({ attempt: 1, error: null });
  await stack.compose.call(['start', 'redis']);
  expect(await done(long)).toMatchObject({ attempt: 1, rows_done: 1500 });
  expect(await letters(long)).toBe(1500);
});

test('the database away is 503 with Retry-After, and loses no accepted job', async () => {
  const waiting = [await accepted('e', 1500), await accepted('f', 1500), await accepted('g', 3)];
  const [running] = waiting as [Job, ...Job[]];
  await until(running, ({ rows_done: rows }) => rows > 0);
  await stack.compose.call(['stop', 'postgres']);
  const refused = await submit(crypto.randomUUID());
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ code: 'DATABASE_AWAY', status: 503 });
  expect((await fetch(`${stack.url}/health/live`)).status).toBe(200);
  await stack.compose.call(['start', 'postgres']);
  await expect
    .poll(async () => (await fetch(`${stack.url}/health`)).status, { timeout: 300_000 })
    .toBe(200);
  for (const job of waiting) expect(await done(job)).toMatchObject({ error: null });
  for (const [at, rows] of [1500, 1500, 3].entries())
    expect(await letters(waiting[at] as Job)).toBe(rows);
});
