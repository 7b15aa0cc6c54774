import { type Tree, updateNxJson, writeJson } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import generate from './generator';

const GITHUB = '.github/workflows/ci.yaml';
let tree: Tree;
beforeEach(() => (tree = createTreeWithEmptyWorkspace()));

const text = (file: string) => tree.read(file, 'utf8') ?? '';

test('the workflow takes branch and Node from the workspace', () => {
  updateNxJson(tree, { defaultBase: 'trunk' });
  writeJson(tree, 'package.json', { engines: { node: '>=22.12' } });
  generate(tree, { targets: ['lint', 'docker-build'] });
  const workflow = parse(text(GITHUB));
  expect(workflow.on.push.branches).toEqual(['trunk']);
  const { steps } = workflow.jobs.affected;
  expect(steps.find((step: { uses?: string }) => /setup-node/.test(step.uses ?? '')).with).toEqual(
    expect.objectContaining({ 'node-version': expect.anything() }),
  );
  expect(text(GITHUB)).toContain("node-version: '22'");
  expect(text(GITHUB)).toContain('npx nx affected -t lint docker-build\n');
  expect(workflow.jobs.push).toBeUndefined();
});

test('the report is written whatever came of the targets, and kept', () => {
  generate(tree, {});
  const { steps } = parse(text(GITHUB)).jobs.affected;
  expect(steps.slice(-2)).toEqual([
    expect.objectContaining({
      if: '${{ !cancelled() }}',
      run: 'npx nx run-many -t docker-report --optional',
    }),
    expect.objectContaining({
      if: '${{ !cancelled() }}',
      uses: expect.stringMatching(/^actions\/upload-artifact@[0-9a-f]{40}$/),
      with: expect.objectContaining({ path: 'dist/**/docker/report.html' }),
    }),
  ]);
  generate(tree, { report: false });
  expect(text(GITHUB)).not.toContain('docker-report');
});

test('push and cache come when they are asked for', () => {
  generate(tree, { push: true, cacheAudience: 'nx-cache', cacheUpstream: 'https://c.test' });
  expect(text(GITHUB)).toContain('EXCEL2DOC_CACHE_UPSTREAM: ');
  expect(text(GITHUB)).toContain('npx excel2doc-cache edge -- npx nx affected -t docker-push');
});

test('GitLab gets its file, with the report as an artifact', () => {
  generate(tree, { platform: 'gitlab' });
  const pipeline = parse(text('.gitlab-ci.yml'));
  for (const job of ['affected', 'all']) {
    expect(pipeline[job].after_script).toEqual(['npx nx run-many -t docker-report --optional']);
    expect(pipeline[job].artifacts).toEqual({
      when: 'always',
      paths: ['dist/**/docker/report.html'],
    });
  }
  expect(tree.exists(GITHUB)).toBe(false);
});

test('what it wrote itself is written again, what it did not is left alone', () => {
  generate(tree, {});
  generate(tree, { targets: ['e2e'] });
  expect(text(GITHUB)).toContain('npx nx affected -t e2e\n');
  tree.write('.gitlab-ci.yml', 'mine: true\n');
  expect(() => generate(tree, {})).toThrow('.gitlab-ci.yml is there already');
  expect(text('.gitlab-ci.yml')).toBe('mine: true\n');
});

test.each([
  [{ targets: ['test; rm -rf /'] }, 'is no target'],
  [{ cacheUpstream: 'https://c.test' }, '--cacheUpstream needs --cacheAudience'],
])('%j is refused', (options, message) => {
  expect(() => generate(tree, options)).toThrow(message);
  expect(tree.exists(GITHUB)).toBe(false);
});
