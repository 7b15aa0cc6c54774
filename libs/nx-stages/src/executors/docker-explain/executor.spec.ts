import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import plan from '../docker-plan/executor';
import stage from '../docker-stage/executor';
import dockerExplain from './executor';

let root: string;
const options = { dockerfile: 'api/Dockerfile', context: 'api', lockFile: 'lock.json' };
const dockerfile =
  'FROM scratch AS deps\nCOPY requirements.txt /\nFROM deps AS runner\nCOPY app /app\n';

function context(): ExecutorContext {
  const projectsConfigurations = { version: 2, projects: { api: { root: 'api' } } };
  return { root, projectName: 'api', projectsConfigurations } as unknown as ExecutorContext;
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'docker-explain-'));
  mkdirSync(join(root, 'api/app'), { recursive: true });
  writeFileSync(join(root, 'api/Dockerfile'), dockerfile);
  writeFileSync(join(root, 'api/requirements.txt'), 'fastapi==1.0\n');
  writeFileSync(join(root, 'api/app/main.py'), 'app');
  for (const folder of ['api', 'api/app']) chmodSync(join(root, folder), 0o755);
  for (const file of ['requirements.txt', 'app/main.py']) chmodSync(join(root, 'api', file), 0o644);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function build(): Promise<void> {
  await said(() => plan(options, context()));
  for (const name of ['deps', 'runner'])
    await said(() => stage({ ...options, stage: name }, context()));
}

/** What an executor that succeeds prints. */
async function said(run: () => Promise<{ success: boolean }>): Promise<string> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  try {
    expect(await run()).toEqual({ success: true });
    return write.mock.calls.map(([text]) => text).join('');
  } finally {
    write.mockRestore();
  }
}

/** The line that an executor which fails prints. */
async function failed(run: () => Promise<{ success: boolean }>): Promise<string> {
  const print = vi.spyOn(console, 'error').mockReturnValue();
  try {
    expect(await run()).toEqual({ success: false });
    return String(print.mock.calls[0]?.[0]);
  } finally {
    print.mockRestore();
  }
}

const explain = (asked: { json?: boolean; graph?: boolean } = {}) =>
  said(() => dockerExplain({ ...options, json: false, graph: false, ...asked }, context()));

test('says hit where nothing changed since the last build', async () => {
  await build();
  expect(await explain()).toMatch(/^hit +deps \(linux\/\w+\)\nhit +runner \(linux\/\w+\)\n$/);
});

test('says whose mode on the disk is not the one that git knows', async () => {
  chmodSync(join(root, 'api/app/main.py'), 0o664);
  await build();
  expect(await explain()).toContain(
    'app/main.py has mode 0664 on the disk; 0644 is taken, as git knows it ("modes": "disk" takes the disk\'s)',
  );
  const asked = { ...options, modes: 'disk' as const, json: false, graph: false };
  const said664 = await said(() => dockerExplain(asked, context()));
  expect(said664).not.toContain('as git knows it');
  expect(said664).toContain('app/main.py: mode changed');
});

test('names the file, the instruction, and the stage below that are why', async () => {
  await build();
  appendFileSync(join(root, 'api/requirements.txt'), 'httpx==1.0\n');
  writeFileSync(join(root, 'api/Dockerfile'), `${dockerfile}USER 1000\n`);
  expect(await explain()).toMatch(
    /^rebuild deps .*\n {4}requirements.txt: content changed\nrebuild runner .*\n {4}\+ USER 1000\n {4}deps, which it builds on, is built again\n$/,
  );
});

test('says the same as JSON, as data too, and no more than JSON with a graph', async () => {
  await build();
  appendFileSync(join(root, 'api/app/main.py'), '!');
  expect(JSON.parse(await explain({ json: true, graph: true }))).toMatchObject([
    { stage: 'deps', state: 'hit', reasons: [], differences: [] },
    {
      stage: 'runner',
      state: 'rebuild',
      reasons: ['app/main.py: content changed'],
      differences: [{ kind: 'file', path: 'app/main.py', change: 'content' }],
    },
  ]);
});

test('draws what the stages read and which are hits, as Mermaid and as SVG', async () => {
  await build();
  appendFileSync(join(root, 'api/app/main.py'), '!');
  const text = await explain({ graph: true });
  expect(text).toMatch(/flowchart LR\n[^]*\["deps<br>hit"\]:::hit/);
  expect(text).toContain('["runner<br>rebuild"]:::rebuild');
  expect(text).toContain('["build context<br>app/ (1 file)"]:::context');
  const svg = readFileSync(join(root, 'dist/api/docker/graph.svg'), 'utf8');
  for (const part of ['<svg ', 'class="hit"', 'class="rebuild"', '>app/ (1 file)<'])
    expect(svg).toContain(part);
});

test('a base that is not locked is never a hit, which the plan says too', async () => {
  writeFileSync(join(root, 'api/Dockerfile'), 'FROM python:3.12 AS runner\n');
  const reason = /is not cached: .*python:3\.12/;
  const planFile = join(root, 'dist/api/docker/plan/runner.json');
  expect(await said(() => plan(options, context()))).toMatch(reason);
  const first = readFileSync(planFile, 'utf8');
  await said(() => plan(options, context()));
  expect(readFileSync(planFile, 'utf8')).not.toBe(first);
  expect(await explain()).toMatch(reason);
});

test('a stage that the image does without is refused where it is built, and the image is not', async () => {
  writeFileSync(
    join(root, 'api/Dockerfile'),
    dockerfile.replace('FROM deps AS runner', 'FROM deps AS dev\nCOPY nowhere /\n$&'),
  );
  const missing = 'api/Dockerfile:4:1: COPY nowhere: "/nowhere" not found in the build context';
  expect(await said(() => plan(options, context()))).toBe(
    `stage dev cannot be built: ${missing}\n`,
  );
  await said(() => stage({ ...options, stage: 'deps' }, context()));
  await said(() => stage({ ...options, stage: 'runner' }, context()));
  expect(await explain()).toContain(`refused dev\n    ${missing}\n`);
  expect(JSON.parse(await explain({ json: true })).at(-1)).toMatchObject({
    stage: 'dev',
    state: 'refused',
  });
  expect(await failed(() => stage({ ...options, stage: 'dev' }, context()))).toContain(missing);
});

test('one that the image is built on is refused at once', async () => {
  writeFileSync(join(root, 'api/Dockerfile'), dockerfile.replace('requirements.txt', 'nowhere'));
  expect(await failed(() => plan(options, context()))).toMatch(
    /^✗ api\/Dockerfile:2:1: COPY nowhere: /,
  );
  expect(existsSync(join(root, 'dist/api/docker/plan'))).toBe(false);
});

test('a Dockerfile that BuildKit refuses is refused with its place, and no plan is touched', async () => {
  await build();
  const planFile = join(root, 'dist/api/docker/plan/runner.json');
  const before = readFileSync(planFile, 'utf8');
  writeFileSync(join(root, 'api/Dockerfile'), `${dockerfile}  COPPY app app\n`);
  expect(await failed(() => plan(options, context()))).toMatch(
    /^✗ api\/Dockerfile:5:3: unknown instruction: COPPY.*COPY/,
  );
  expect(readFileSync(planFile, 'utf8')).toBe(before);
  expect(existsSync(join(root, 'dist/api/docker/plan/deps.json'))).toBe(true);
});
