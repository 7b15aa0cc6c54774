import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import Ajv, { type ValidateFunction } from 'ajv';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { CI_CASES, OWN_CI, SHARD_CASES } from '../../testing/ci-cases';
import { gitlabSchema } from '../../testing/gitlab-schema';
import { githubWorkflow } from './github';
import { gitlabPipeline } from './gitlab';
import type { CiOptions } from './options';

interface Job {
  if?: string;
  needs?: string;
  'runs-on': string;
  strategy?: { matrix: { include: { arch: string; runner: string; targets: string }[] } };
  permissions: Record<string, string>;
  env?: Record<string, string>;
  'timeout-minutes'?: number;
  steps: { uses?: string; run?: string; with?: Record<string, unknown> }[];
}
interface Workflow {
  permissions: object;
  jobs: Record<string, Job>;
}

/** What GitHub's own parser says against a workflow, its expressions included. */
function githubErrors(content: string): string[] {
  const { context } = parseWorkflow({ name: 'ci.yaml', content }, new NoOperationTraceWriter());
  return context.errors.getErrors().map(({ message }) => message);
}

describe.each([...CI_CASES, ...SHARD_CASES])("GitHub's workflow %s", (_what, options) => {
  const text = githubWorkflow(options);
  const workflow = parse(text) as Workflow;
  const jobs = Object.values(workflow.jobs);
  const steps = jobs.flatMap((job) => job.steps);

  test('is one that GitHub takes', () => {
    expect(githubErrors(text)).toEqual([]);
  });

  test('runs for what is merged, by hand too, and drops a run of a pull request alone', () => {
    const { on, concurrency } = parse(text);
    const scheduled = options.fresh ? ['schedule'] : [];
    expect(Object.keys(on).sort()).toEqual(['merge_group', 'pull_request', 'push', ...scheduled, 'workflow_dispatch']); // prettier-ignore
    expect(on.push.branches).toEqual([options.branch]);
    // Whoever shares a group replaces those that wait in it, whatever cancel-in-progress says.
    const expression = /^ci-\$\{\{ (.*) \}\}$/.exec(concurrency.group)![1]!;
    const groupOf = (event_name: string, run_id: string) =>
      new Function('github', `return ${expression.replace('==', '===')}`)({ event_name, run_id, ref: 'refs/pull/1/merge' }); // prettier-ignore
    expect(groupOf('pull_request', '1')).toBe(groupOf('pull_request', '2'));
    for (const event of ['push', 'merge_group', 'workflow_dispatch'])
      expect(groupOf(event, '1')).not.toBe(groupOf(event, '2'));
  });

  test('pins every action to a commit and says which version that is', () => {
    const uses = [...text.matchAll(/uses: (.*)/g)].map(([, action]) => action);
    expect(uses.length).toBeGreaterThan(2);
    for (const action of uses) expect(action).toMatch(/^[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test('names no stored secret and leaves no token in the checkout', () => {
    expect(text).not.toContain('secrets.');
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts).toHaveLength(jobs.length);
    for (const { with: given } of checkouts)
      expect(given).toMatchObject({ 'persist-credentials': false });
  });

  test('puts nothing that others write into a shell', () => {
    for (const { run } of steps) expect(run ?? '').not.toContain('${{');
  });
});

describe.each(CI_CASES)(
  "GitHub's workflow %s, of which one job runs the targets,",
  (_what, options) => {
    const text = githubWorkflow(options);
    const workflow = parse(text) as Workflow;
    const jobs = Object.values(workflow.jobs);

    test('gives a job what it needs and nothing more', () => {
      expect(workflow.permissions).toEqual({});
      const affected = { contents: 'read', actions: 'read', ...(options.cache && idToken) };
      expect(workflow.jobs['affected']?.permissions).toEqual(affected);
      const { pushTarget, sign } = options;
      const images = pushTarget && { ...affected, packages: 'write' };
      expect(workflow.jobs['images']?.permissions).toEqual(images);
      // It runs no target of the project, and is the one job that signs.
      const push = pushTarget && { contents: 'read', packages: 'write', ...(sign && idToken) };
      expect(workflow.jobs['push']?.permissions).toEqual(push);
      const fresh = { ...affected, contents: 'write', 'pull-requests': 'write' };
      expect(workflow.jobs['fresh']?.permissions).toEqual(options.fresh && fresh);
      for (const job of jobs) expect(job['timeout-minutes']).toBeGreaterThan(0);
    });

    test('runs the set-up as it was given, then the targets', () => {
      const runs = (workflow.jobs['affected']?.steps ?? []).flatMap(({ run }) => run ?? []);
      const edge = options.cache ? 'npx --no -- excel2doc-cache edge -- ' : '';
      const isMatrix = (options.platforms?.length ?? 0) > 1;
      const nx = `${edge}npx nx affected -t ${isMatrix ? '$TARGETS' : options.targets.join(' ')}`;
      const before = ['npm ci', ...(options.setup ?? []), nx];
      expect(runs.slice(0, before.length)).toEqual(before);
      for (const rest of runs.slice(before.length))
        expect(rest).toMatch(/-t (docker-report|docker-audit) /);
    });

    test('checks what is not pushed, and builds once what is', () => {
      const isPushing = options.pushTarget !== undefined;
      expect(/github\.event_name != 'push'/.test(workflow.jobs['affected']?.if ?? '')).toBe(
        isPushing,
      );
      expect(workflow.jobs['images']?.if).toBe(
        isPushing ? "github.event_name == 'push'" : undefined,
      );
      expect(workflow.jobs['push']?.needs).toBe(isPushing ? 'images' : undefined);
      const joins = (workflow.jobs['push']?.steps ?? []).flatMap(({ run = '' }) =>
        run.includes('npx nx') ? run : [],
      );
      for (const join of joins) {
        expect(join).toContain('--excludeTaskDependencies --parts=join');
        expect(join.includes('--sign=keyless')).toBe(options.sign === true);
      }
      expect(joins).toHaveLength(isPushing ? 1 : 0);
    });

    test('has a machine of its kind for each platform, and emulates none', () => {
      expect(text).not.toMatch(/qemu|binfmt/i);
      const machines = options.platforms ?? [{ platform: 'linux/amd64' }];
      for (const name of buildingJobs(options)) {
        const job = workflow.jobs[name]!;
        const found = job.strategy?.matrix.include ?? [{ runner: job['runs-on'] }];
        expect(found.map(({ runner }) => runner)).toEqual(
          machines.map(
            ({ platform, runner }) =>
              runner ?? (platform === 'linux/arm64' ? 'ubuntu-24.04-arm' : 'ubuntu-24.04'),
          ),
        );
      }
    });
  },
);

/** The jobs that build. */
const buildingJobs = ({ pushTarget }: CiOptions) =>
  pushTarget === undefined ? ['affected'] : ['affected', 'images'];

test.each([
  ['GitHub', githubWorkflow(OWN_CI), 'github'],
  ['GitLab', gitlabPipeline(OWN_CI), 'gitlab'],
])(
  'on %s a schedule makes images fresh, tries all targets with them, and does nothing else',
  (...given) => {
    const [, text, platform] = given;
    const jobs = platform === 'github' ? parse(text).jobs : parse(text);
    const runs: string[] =
      jobs.fresh.script ?? jobs.fresh.steps.map(({ run = '' }: { run?: string }) => run);
    const at = (what: string) => runs.findIndex((each) => each.includes(what));
    const order = ['docker-lock --fresh', OWN_CI.targets.join(' '), 'docker-audit', 'git push'].map(
      at,
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
    if (platform === 'github') {
      expect(jobs.affected.if).toBe(
        "github.event_name != 'push' && github.event_name != 'schedule'",
      );
      expect(jobs.fresh.if).toBe("github.event_name == 'schedule'");
      expect(jobs.images.if).toBe("github.event_name == 'push'");
      return;
    }
    const never = { if: '$CI_PIPELINE_SOURCE == "schedule"', when: 'never' };
    for (const name of ['all', 'push']) expect(jobs[name].rules[0]).toEqual(never);
  },
);

const idToken = { 'id-token': 'write' };

test("GitHub's parser does find what is wrong", () => {
  expect(githubErrors(githubWorkflow(OWN_CI).replace('runs-on', 'run-on'))).not.toEqual([]);
  expect(githubErrors(githubWorkflow(OWN_CI).replace('github.ref', 'nonsense.ref'))).not.toEqual(
    [],
  );
});

describe.each([...CI_CASES, ...SHARD_CASES])("GitLab's pipeline %s", (_what, options) => {
  const text = gitlabPipeline(options);
  const pipeline = parse(text) as Record<string, Record<string, unknown>>;

  test('fits the schema that GitLab publishes', () => {
    fitsGitlab(pipeline);
    expect(fitsGitlab.errors).toBeNull();
  });

  test('takes the job’s own identity where there is a cache, and no stored secret', () => {
    const tokens = options.cache && { EXCEL2DOC_CACHE_TOKEN: { aud: options.cache.audience } };
    expect(pipeline['default']?.['id_tokens']).toEqual(tokens);
    expect(pipeline['variables']?.['EXCEL2DOC_CACHE_UPSTREAM']).toBe(options.cache?.upstream);
  });
});

describe.each(CI_CASES)(
  "GitLab's pipeline %s, of which one job runs the targets,",
  (_what, options) => {
    const pipeline = parse(gitlabPipeline(options)) as Record<string, Record<string, unknown>>;

    test('runs what a merge request affects, and everything on the branch', () => {
      const edge = options.cache ? 'npx --no -- excel2doc-cache edge -- ' : '';
      const isMatrix = (options.platforms?.length ?? 0) > 1;
      const targets = isMatrix ? '$TARGETS' : options.targets.join(' ');
      expect(pipeline['affected']?.['script']).toContain(`${edge}npx nx affected -t ${targets}`);
      const script = pipeline['all']?.['script'] as string[];
      expect(script[0]).toBe(`${edge}npx nx run-many -t ${targets}`);
      expect(script.slice(1).some((line) => line.endsWith('--parts=push'))).toBe(
        options.pushTarget !== undefined,
      );
      expect((pipeline['all']?.['rules'] as object[]).slice(-1)).toEqual([
        { if: `$CI_COMMIT_BRANCH == "${options.branch}"` },
      ]);
      expect('push' in pipeline).toBe(options.pushTarget !== undefined);
      for (const name of ['affected', 'all'])
        expect(pipeline[name]?.['parallel'] !== undefined).toBe(isMatrix);
      expect(pipeline['default']?.['before_script']).toEqual(
        expect.arrayContaining(options.setup ?? []),
      );
    });
  },
);

test('on GitLab every image has a digest, and what is signed is signed by the job that joins', () => {
  const text = gitlabPipeline(OWN_CI);
  const { default: all, push } = parse(text);
  for (const image of [all.image, ...all.services])
    expect(image).toMatch(/^[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
  expect(text).toMatch(
    /docker create ghcr\.io\/sigstore\/cosign\/cosign:v3[\d.]+@sha256:[0-9a-f]{64}\)/,
  );
  expect(push.id_tokens.SIGSTORE_ID_TOKEN).toEqual({ aud: 'sigstore' });
  expect(push.script.at(-1)).toContain('--sign=keyless');
  expect(JSON.stringify({ ...parse(text), push: undefined })).not.toContain('SIGSTORE');
});

let fitsGitlab: ValidateFunction;

beforeAll(async () => {
  // GitLab's schema has keywords for editors that no validator knows.
  fitsGitlab = new Ajv({ strict: false, logger: false }).compile(await gitlabSchema());
});

test("GitLab's schema does find what is wrong", () => {
  const pipeline = parse(gitlabPipeline(OWN_CI)) as Record<string, object>;
  expect(fitsGitlab({ ...pipeline, all: { ...pipeline['all'], scripts: ['x'] } })).toBe(false);
  expect(fitsGitlab({ ...pipeline, variables: ['x'] })).toBe(false);
});

describe("this repository's own files", () => {
  const root = resolve(__dirname, '../../../../..');

  // `npx vitest run src/ci -u` writes them.
  test('are what the functions give', async () => {
    await expect(githubWorkflow(OWN_CI)).toMatchFileSnapshot(
      join(root, '.github/workflows/ci.yaml'),
    );
    await expect(gitlabPipeline(OWN_CI)).toMatchFileSnapshot(join(root, '.gitlab-ci.yml'));
  });

  test('run scripts that are there', () => {
    for (const command of OWN_CI.setup ?? []) {
      const [script = ''] = /tools\/\S+/.exec(command) ?? [];
      expect(existsSync(join(root, script))).toBe(true);
    }
  });
});
