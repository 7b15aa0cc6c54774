import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProjectsConfigurations, TargetConfiguration } from '@nx/devkit';
import { expect, onTestFinished, test } from 'vitest';
import { knownImages } from './known-images';

const found = (targets: Record<string, Record<string, TargetConfiguration>>) => {
  const root = mkdtempSync(join(tmpdir(), 'known-images-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const projects = Object.fromEntries(
    Object.entries(targets).map(([name, each]) => [name, { root: `apps/${name}`, targets: each }]),
  );
  return knownImages(root, { version: 2, projects } as ProjectsConfigurations);
};

const executor = '@excel2doc/nx-stages:docker-report';
const options = { stages: ['deps', 'runner'], stage: 'runner' };

test('an image is known once, whoever has written further targets of a report', async () => {
  const images = await found({
    api: {
      'docker-report': { executor, options },
      'docker-report-worker': { executor, options: { ...options, variant: 'worker' } },
      'report-for-ci': { executor, options: { ...options, output: 'dist/ci.html' } },
    },
    bare: { report: { executor }, empty: { executor, options: {} } },
    broken: { 'docker-report': { executor, options: { stages: [], stage: '' } } },
    other: { 'docker-report': { executor: 'x:docker-report' } },
    none: {},
  });
  expect(images.map(({ project, variant }) => [project, variant])).toEqual([
    ['api', undefined],
    ['api', 'worker'],
  ]);
});

test('of an image is known which of those that it names are of projects', async () => {
  const projectImages = { 'shop/api': { project: 'api', home: 'apps/api', stage: 'runner', target: 'docker-runner' } }; // prettier-ignore
  const [web] = await found({
    web: { 'docker-plan': { metadata: { projectImages } }, 'docker-report': { executor, options } },
  } as Parameters<typeof found>[0]);
  expect(web?.projectImages).toEqual(projectImages);
});
