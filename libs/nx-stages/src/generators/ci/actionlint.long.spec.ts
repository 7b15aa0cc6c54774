// Takes 10 s.
// And 60 more where actionlint has to be built first.
import { spawnSync } from 'node:child_process';
import { goTool } from '@excel2doc/oci/testing/go-tool';
import { beforeAll, expect, test } from 'vitest';
import { CI_CASES, OWN_CI, SHARD_CASES } from '../../testing/ci-cases';
import { githubWorkflow } from './github';

let actionlint: string;
beforeAll(() => {
  actionlint = goTool('github.com/rhysd/actionlint/cmd/actionlint@v1.7.12');
}, 900_000);

/** It knows the inputs of actions by their releases, which stand behind the commits. */
const byRelease = (workflow: string) => workflow.replace(/@[0-9a-f]{40} # (v\d+)[\d.]*$/gm, '@$1');

/** What actionlint finds: expressions, permissions, inputs of known actions, job graph. */
function findings(workflow: string): string[] {
  // Its other linters are programs that may or may not be on this machine.
  const args = ['-no-color', '-oneline', '-shellcheck=', '-pyflakes=', '-'];
  const { status, stdout, stderr } = spawnSync(actionlint, args, {
    input: byRelease(workflow),
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  // 0: nothing, 1: findings, else it did not look.
  expect([0, 1]).toContain(status);
  return stdout.split('\n').filter((line) => line !== '');
}

test.each([...CI_CASES, ...SHARD_CASES])(
  'actionlint finds nothing in the workflow %s',
  (_what, options) => {
    expect(findings(githubWorkflow(options))).toEqual([]);
    const all = { ...options, pushTarget: 'docker-push', reportTarget: 'docker-report' };
    expect(findings(githubWorkflow({ ...all, fresh: '17 3 * * 1' }))).toEqual([]);
  },
);

test.each([
  ['a job that is not there', 'needs: images', 'needs: image'],
  ['an input that the action does not have', 'node-version:', 'node-versoin:'],
  ['a permission that is none', 'packages: write', 'packages: all'],
  ['a value that GitHub does not have', 'github.token', 'github.tokken'],
])('and it does find %s', (_what, right, wrong) => {
  const workflow = githubWorkflow(OWN_CI);
  expect(workflow).toContain(right);
  expect(findings(workflow.replaceAll(right, wrong))).not.toEqual([]);
});
