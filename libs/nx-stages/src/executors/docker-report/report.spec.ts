import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { keepRun, type RunRecord, runsFolder } from '@excel2doc/build-report';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import dockerReport from './executor';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'report-'));
  vi.stubEnv('GITHUB_STEP_SUMMARY', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});

const stages = { stages: ['runner'], stage: 'runner' };
const project = (name: string) => ({
  root: `apps/${name}`,
  targets: { 'docker-report': { executor: '@excel2doc/nx-stages:docker-report', options: stages } },
});

/** As Nx makes it of what is typed. */
const task = (name: string) => ({
  id: `${name}:docker-report`,
  target: { project: name, target: 'docker-report' },
  overrides: { whole: true, summary: 'summary.md', __overrides_unparsed__: [] },
});

/** Runs the target of a project in a workspace of two projects. @returns whether it went well, and what it said */
async function reported(
  options: { whole: boolean; optional?: boolean },
  projectName = 'api',
  tasks: string[] = [],
) {
  const context = {
    root,
    cwd: root,
    projectName,
    targetName: 'docker-report',
    taskGraph: { tasks: Object.fromEntries(tasks.map((name) => [name, task(name)])) },
    projectsConfigurations: { version: 2, projects: { api: project('api'), web: project('web') } },
  } as unknown as ExecutorContext;
  let said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((said += String(text)), true));
  vi.spyOn(console, 'error').mockImplementation((text) => void (said += String(text)));
  const given = { ...stages, optional: false, summary: 'summary.md', ...options };
  const { success } = await dockerReport(given, context);
  return { success, said };
}

function kept(minute: number, ...projects: string[]): void {
  const tasks = projects.map((name) => ({
    id: `${name}:docker-runner`,
    project: name,
    target: 'docker-runner',
    outcome: 'built' as const,
    startMs: 0,
    durationMs: 2000,
  }));
  const at = new Date(Date.UTC(2026, 10, 28, 10, minute)).toISOString();
  const run: RunRecord = { format: 1, id: String(minute), at, durationMs: 2000, command: 'nx', tasks, omitted: 0 }; // prettier-ignore
  keepRun(runsFolder(root), run);
}

const text = (path: string) => readFileSync(join(root, path), 'utf8');

test('a whole report is of the last run over any image, whichever project is asked', async () => {
  kept(1, 'api', 'web');
  kept(2, 'web');
  const { success, said } = await reported({ whole: true });
  expect(success, said).toBe(true);
  expect(said).toContain('Report of 2026-11-28T10:02:00.000Z: dist/docker-report.html\n');
  expect(text('dist/docker-report.html')).toContain('<code>web</code>');
  expect(text('dist/docker-report.html')).not.toContain('<code>api</code>');
  expect(text('summary.md')).toContain('### 1 image\n');
});

test('tasks of one run that have the same to add to a summary add it once', async () => {
  kept(1, 'api', 'web');
  const saids = [];
  for (const name of ['web', 'api'])
    saids.push((await reported({ whole: true }, name, ['web', 'api'])).said);
  expect(saids[0]).toContain('Its summary is left to api:docker-report');
  expect(saids[1]).not.toContain('left to');
  expect(text('summary.md').match(/^### /gm)).toHaveLength(1);
  // Alone, or of its own image, each writes.
  await reported({ whole: true }, 'web', ['web']);
  await reported({ whole: false }, 'web', ['web', 'api']);
  expect(text('summary.md').match(/^### /gm)).toHaveLength(3);
});

test('the report of a project is of the last run that made its image', async () => {
  kept(1, 'api', 'web');
  kept(2, 'web');
  const { said } = await reported({ whole: false });
  expect(said).toContain('Report of 2026-11-28T10:01:00.000Z: dist/apps/api/docker/report.html\n');
  expect(text('summary.md')).toContain('### api: image build\n');
});

test.each([
  [true, 'No run that built an image is kept'],
  [false, 'api: no run that built its image is kept'],
])('without a kept run one line says so, or nothing where that is expected (whole: %s)', async (whole, message) => {
  const { success, said } = await reported({ whole });
  expect(success).toBe(false);
  expect(said).toContain(message);
  expect(await reported({ whole, optional: true })).toMatchObject({ success: true });
}); // prettier-ignore
