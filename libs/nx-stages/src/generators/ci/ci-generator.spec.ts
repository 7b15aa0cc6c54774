import { spawnSync } from 'node:child_process';
import { type Tree, updateNxJson, writeJson } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { madeImage, repositoryAt } from '@excel2doc/oci/testing/repository';
import { pushImage } from '@excel2doc/oci';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import generate from './generator';

const GITHUB = '.github/workflows/ci.yaml';
let tree: Tree;
beforeEach(() => {
  tree = createTreeWithEmptyWorkspace();
  // Nobody listens there: no test asks the world.
  vi.stubEnv('NX_STAGES_REGISTRY_MIRROR', 'localhost:1');
  return () => void vi.unstubAllEnvs();
});

const text = (file: string) => tree.read(file, 'utf8') ?? '';

test('the workflow takes branch and Node from the workspace', async () => {
  updateNxJson(tree, { defaultBase: 'trunk' });
  writeJson(tree, 'package.json', { engines: { node: '>=22.12' } });
  await generate(tree, { targets: ['lint', 'docker-build'] });
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

test('the report is written whatever came of the targets, and kept', async () => {
  await generate(tree, {});
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
  await generate(tree, { report: false });
  expect(text(GITHUB)).not.toContain('docker-report');
});

test('push and cache come when they are asked for', async () => {
  await generate(tree, { push: true, cacheAudience: 'nx-cache', cacheUpstream: 'https://c.test' });
  expect(text(GITHUB)).toContain('EXCEL2DOC_CACHE_UPSTREAM: ');
  expect(text(GITHUB)).toContain('npx nx affected -t docker-push --parts=push\n');
  expect(text(GITHUB)).toContain('--parts=join --platforms=linux/amd64 --sign=keyless\n');
  await generate(tree, { push: true, sign: false });
  expect(text(GITHUB)).not.toMatch(/sign|id-token/);
});

test('GitLab gets its file, with the report as an artifact', async () => {
  await generate(tree, { platform: 'gitlab' });
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

test('what it wrote itself is written again, what it did not is left alone', async () => {
  await generate(tree, {});
  await generate(tree, { targets: ['e2e'] });
  expect(text(GITHUB)).toContain('npx nx affected -t e2e\n');
  tree.write('.gitlab-ci.yml', 'mine: true\n');
  await expect(generate(tree, {})).rejects.toThrow('.gitlab-ci.yml is there already');
  expect(text('.gitlab-ci.yml')).toBe('mine: true\n');
});

test.each([
  [{ targets: ['test; rm -rf /'] }, 'is no target'],
  [{ cacheUpstream: 'https://c.test' }, '--cacheUpstream needs --cacheAudience'],
  [{ checks: ['a b'] }, '--checks: "a b" is no target'],
  [{ shards: 'auto' }, '--shards needs --cacheAudience'],
  [
    {
      shards: '4',
      cacheAudience: 'c',
      platforms: ['linux/amd64' as const, 'linux/arm64' as const],
    },
    '--shards: linux/amd64 and linux/arm64 cannot be spread',
  ],
  [{ shards: '4', cacheAudience: 'c', checks: ['docker-audit'] }, 'Name them in --targets'],
  [{ runners: ['linux/arm64=ours'] }, '--runners: nothing is built for linux/arm64'],
])('%j is refused', async (options, message) => {
  await expect(generate(tree, options)).rejects.toThrow(message);
  expect(tree.exists(GITHUB)).toBe(false);
});

test('each platform has its machine; nx.json must not have every machine build all of them', async () => {
  const platforms = ['linux/amd64' as const, 'linux/arm64' as const];
  await generate(tree, { push: true, platforms, runners: ['linux/arm64=our-arm'] });
  const { jobs } = parse(text(GITHUB));
  const { include } = jobs.images.strategy.matrix;
  expect(include).toEqual([
    { arch: 'amd64', runner: 'ubuntu-24.04', targets: 'lint test docker-build' },
    { arch: 'arm64', runner: 'our-arm', targets: 'docker-build' },
  ]);
  updateNxJson(tree, { plugins: [{ plugin: '@excel2doc/nx-stages', options: { platforms } }] });
  await expect(generate(tree, { platforms })).rejects.toThrow(
    'nx.json has every machine build linux/amd64 and linux/arm64',
  );
});

test.each([
  [
    ['Linux/X86_64', 'linux/arm64/v8'],
    'nx.json has every machine build linux/amd64 and linux/arm64',
  ],
  [['linux/amd46'], 'nx.json: option "platforms" of @excel2doc/nx-stages: there is no platform'],
  [
    'linux/amd64',
    'option "platforms" of @excel2doc/nx-stages is "linux/amd64", it has to be a list',
  ],
])('platforms of nx.json are read before they are named: %j', async (platforms, message) => {
  updateNxJson(tree, { plugins: [{ plugin: '@excel2doc/nx-stages', options: { platforms } }] });
  const wanted = { platforms: ['linux/amd64' as const, 'linux/arm64' as const] };
  await expect(generate(tree, wanted)).rejects.toThrow(message);
});

test('what the checks say is kept beside the report', async () => {
  await generate(tree, { checks: ['docker-audit', 'preflight'] });
  const { steps } = parse(text(GITHUB)).jobs.affected;
  expect(steps.at(-1).with.path).toBe('dist/**/docker/report.html\ndist/ci/checks.txt\n');
  expect(text(GITHUB)).toContain(
    'set -o pipefail && mkdir -p dist/ci && npx nx affected -t docker-audit preflight --outputStyle=stream',
  );
});

test("GitLab's jobs run in an image by the digest that the registry has now", async () => {
  const mirror = await realRegistry();
  const { record, source } = await madeImage();
  const repository = repositoryAt(`${mirror}/library/node`);
  await pushImage(repository, { record, source, tag: '24-trixie' });
  vi.stubEnv('NX_STAGES_REGISTRY_MIRROR', mirror);
  await generate(tree, { platform: 'gitlab', nodeVersion: '24' });
  expect(text('.gitlab-ci.yml')).toContain(`image: node:24-trixie@${record.digest}\n`);
  await generate(tree, { platform: 'gitlab', nodeVersion: '22' });
  expect(text('.gitlab-ci.yml')).toContain('image: node:22-trixie\n');
});

test('shards: one job plans, a matrix runs it behind the edge, the last joins under the old name', async () => {
  await generate(tree, { shards: 'auto', cacheAudience: 'nx-cache', push: true });
  const { jobs } = parse(text(GITHUB));
  expect(Object.keys(jobs)).toEqual(['plan', 'shard', 'affected', 'images', 'push']);
  const runs = (name: string) =>
    jobs[name].steps.flatMap(({ run }: { run?: string }) => run ?? []).join('\n');
  expect(runs('plan')).toContain('npx nx affected -t lint test docker-build --graph=');
  expect(runs('plan')).toContain('--shards=auto');
  expect(jobs.shard.strategy.matrix.shard).toBe('${{ fromJSON(needs.plan.outputs.shards) }}');
  expect(runs('shard')).toMatch(
    /excel2doc-cache edge .*-- npx --no -- excel2doc-shards run --shard="\$SHARD"/,
  );
  expect(runs('affected')).toContain('npx --no -- excel2doc-shards join');
  expect(jobs.affected.needs).toEqual(['plan', 'shard']);
  expect(jobs.images.needs).toBe('affected');
  expect(runs('images')).toContain('edge -- npx nx affected -t docker-push --parts=push');
  // Who only plans or joins proves nothing to the cache.
  for (const name of ['plan', 'affected'])
    expect(jobs[name].permissions['id-token']).toBeUndefined();
  await generate(tree, { shards: '4', cacheAudience: 'nx-cache' });
  expect(text(GITHUB)).toContain('--shards=4\n');
});

test('on GitLab shards are as many jobs as the file says, and each takes its own part', async () => {
  await generate(tree, { platform: 'gitlab', shards: '4', cacheAudience: 'nx-cache', push: true });
  const pipeline = parse(text('.gitlab-ci.yml'));
  expect(pipeline.stages).toEqual(['plan', 'check', 'join', 'images', 'push']);
  expect(pipeline.shard.parallel).toBe(4);
  expect(pipeline.shard.script[0]).toContain('run --shard="$CI_NODE_INDEX"');
  expect(pipeline.affected.rules).toEqual(
    expect.arrayContaining([expect.objectContaining({ when: 'always' })]),
  );
  await generate(tree, { platform: 'gitlab', shards: 'auto', cacheAudience: 'nx-cache' });
  expect(parse(text('.gitlab-ci.yml')).shard.parallel).toBe(8);
  expect(text('.gitlab-ci.yml')).toContain('--shards=auto --most=8\n');
});

describe('with shards', () => {
  const shards = { shards: '4', cacheAudience: 'nx-cache', push: true };

  test.each(['github', 'gitlab'] as const)(
    'on %s no program is run that is not installed, whoever has its name',
    async (platform) => {
      await generate(tree, { ...shards, platform });
      const written = text(platform === 'github' ? GITHUB : '.gitlab-ci.yml');
      const programs = [...written.matchAll(/npx (?!nx )(.*?)excel2doc-\w+/g)];
      expect(programs.length).toBeGreaterThan(4);
      for (const [, between] of programs) expect(between).toBe('--no -- ');
    },
  );

  test('what was pushed is held against what the shards made before it can get a tag', async () => {
    await generate(tree, shards);
    const { steps } = parse(text(GITHUB)).jobs.images;
    const at = (what: RegExp) => steps.findIndex((step: object) => what.test(JSON.stringify(step)));
    const order = [/--parts=push/, /shards-plan/, /shards-done-\*/, /excel2doc-shards check-pushed/, /pushed-amd64/].map(at); // prettier-ignore
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((one, other) => one - other));
    await generate(tree, { ...shards, platform: 'gitlab' });
    const { script } = parse(text('.gitlab-ci.yml')).images;
    expect(script.slice(-2)).toEqual([
      expect.stringContaining('--parts=push'),
      'npx --no -- excel2doc-shards check-pushed',
    ]);
  });

  test.each([
    ['success', 'success', '[1]', 0],
    ['success', 'skipped', '[]', 0],
    ['success', 'skipped', '[1]', 1],
    ['success', 'failure', '[1]', 1],
    ['success', 'cancelled', '[1]', 1],
    ['failure', 'skipped', '', 1],
    ['skipped', 'skipped', '', 1],
  ])('plan %s and shards %s of %s: the last job ends with %i', async (PLAN, SHARD, SHARDS, status) => {
    await generate(tree, shards);
    const { run, env } = parse(text(GITHUB)).jobs.affected.steps.at(-1);
    expect(env).toEqual({
      PLAN: '${{ needs.plan.result }}',
      SHARD: '${{ needs.shard.result }}',
      SHARDS: '${{ needs.plan.outputs.shards }}',
    });
    expect(spawnSync('bash', ['-e', '-c', run], { env: { PLAN, SHARD, SHARDS, PATH: process.env['PATH'] } }).status).toBe(status); // prettier-ignore
  }); // prettier-ignore

  test('the report of each shard is kept, and left out where nobody wants it', async () => {
    await generate(tree, shards);
    const { steps } = parse(text(GITHUB)).jobs.shard;
    expect(steps.at(-2).run).toBe('npx nx run-many -t docker-report --optional');
    expect(steps.at(-1).with).toMatchObject({ name: 'docker-report-${{ matrix.shard }}' });
    await generate(tree, { ...shards, report: false });
    expect(text(GITHUB)).not.toContain('docker-report');
    await generate(tree, { ...shards, platform: 'gitlab' });
    expect(parse(text('.gitlab-ci.yml')).shard).toMatchObject({
      after_script: ['npx nx run-many -t docker-report --optional'],
      artifacts: { when: 'always', paths: ['dist/**/docker/report.html', 'dist/ci/shards'] },
    });
  });

  test('on GitLab the branch is never broken off, whatever its name, and all jobs run on the same kind', async () => {
    await generate(tree, { ...shards, platform: 'gitlab', branch: 'on-schedule', fresh: '17 3 * * 1', platforms: ['linux/amd64'], runners: ['linux/amd64=ours'] }); // prettier-ignore
    const pipeline = parse(text('.gitlab-ci.yml'));
    const request = { if: '$CI_PIPELINE_SOURCE == "merge_request_event"', interruptible: true };
    const branch = { if: '$CI_COMMIT_BRANCH == "on-schedule"' };
    const never = { if: '$CI_PIPELINE_SOURCE == "schedule"', when: 'never' };
    for (const name of ['plan', 'shard'])
      expect(pipeline[name].rules).toEqual([never, request, branch]);
    expect(pipeline.affected.rules).toEqual([
      never,
      { ...request, when: 'always' },
      { ...branch, when: 'always' },
    ]);
    for (const name of ['plan', 'shard', 'affected', 'images']) {
      expect(pipeline[name].tags).toEqual(['ours']);
      expect(pipeline[name].interruptible).toBeUndefined();
    }
  }); // prettier-ignore
});
