import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DockerProject } from '@excel2doc/stages';
import { expect, onTestFinished, test } from 'vitest';
import { baseLine, stepLines } from './ages';

const NOW = Date.parse('2026-11-27T12:00:00Z');

test('how old the base is, is said as far as it tells', () => {
  const made = Date.parse('2026-11-02T00:00:00Z');
  expect(baseLine({}, NOW)).toBe('base image: it tells no time');
  expect(baseLine({ createdMs: made, packagesMs: made }, NOW)).toBe(
    'base image: made 2026-11-02, 25 days ago; its packages last changed 2026-11-02, 25 days ago',
  );
});

test('the steps behind an image are said by stage, and what nobody knows as such', async () => {
  const root = mkdtempSync(join(tmpdir(), 'ages-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const options = { dockerfile: 'app/Dockerfile', context: 'app', lockFile: 'lock.json' };
  const project = new DockerProject({ root, name: 'app', folder: 'app' }, options);
  const built = (stage: string, keyword: string, stages: string[], fresh?: string) => {
    mkdirSync(project.stageDir(stage), { recursive: true });
    const platforms = [{ instructions: [{ keyword }], stages }];
    const plan = JSON.stringify({ stage, platforms, fresh });
    writeFileSync(join(project.stageDir(stage), 'plan.json'), plan);
  };
  built('runner', 'COPY', ['deps', 'gone']);
  built('deps', 'RUN', ['builder'], '2026-11-20T00:00:00.000Z');
  built('builder', 'RUN', []);
  expect(await stepLines(project, 'runner', NOW)).toEqual([
    'RUN steps of deps: made anew since 2026-11-20, 7 days ago',
    'RUN steps of gone: not known, its output is not here',
    'RUN steps of builder: as old as the cache they came from; docker-build --fresh makes them anew',
  ]);
});
