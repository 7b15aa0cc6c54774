import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wholePage } from './page/page';
import type { Outcome } from './run';
import { wholeMarkdown } from './summary';
import { imageOf, knownImage, stagePlan, wholeRun } from './testing/runs';
import { sharingOf, wholeReportOf } from './whole';

const plans = [
  stagePlan('deps', {}),
  stagePlan('runner', { base: { kind: 'stage', stage: 'deps' }, stages: ['deps'] }),
];

/** Two of one kind, of which web stands on the image of api. */
function shop() {
  const api = knownImage('api', plans, imageOf('api-runner', ['a', 'b']));
  const web = {
    ...knownImage(
      'web',
      [
        stagePlan('deps', {
          base: { kind: 'image', reference: 'shop/api', digest: api.image!.record.digest },
        }),
        plans[1]!,
      ],
      imageOf('web-runner', ['a', 'b', 'c']),
    ),
    projectImages: { 'shop/api': { project: 'api', target: 'docker-runner' } },
  };
  return [api, web, knownImage('docs', plans, imageOf('docs-runner', ['z']))];
}

const record = (projects: Parameters<typeof wholeRun>[1]) => wholeRun(1, projects);

const first = wholeRun(1, {
  api: { deps: ['built', 6000], runner: ['built', 1000] },
  web: { deps: ['built', 2000], runner: ['built', 3000] },
});
const last = wholeRun(2, {
  api: { deps: ['remote-hit', 100], runner: ['built', 1000] },
  web: { deps: ['built', 2000], runner: ['failed', 500] },
});

describe('the report of a run over many images', () => {
  const report = wholeReportOf([first, last], shop())!;

  test('is of the last run that built any of them, and names those alone that it was about', () => {
    expect(report.run.id).toBe('2');
    expect(report.images.map(({ name, outcome }) => [name, outcome])).toEqual([
      ['web', 'failed'],
      ['api', 'built'],
    ]);
    expect(report.totals).toMatchObject({ hits: 1, rebuilt: 2, failed: 1, savedMs: 5900 });
    expect(wholeReportOf([first, last], [])).toBeUndefined();
    expect(wholeReportOf([], shop())).toBeUndefined();
  });

  test('counts a layer once however many images have it, of those that lie there as they were made', () => {
    const whole = wholeReportOf([first], shop())!;
    expect(whole.sharing).toMatchObject({ images: 2, bytes: 5000, keptBytes: 3000 });
    expect(whole.sharing.layers.map(({ images }) => images)).toEqual([2, 2]);
    // What failed was not made, so what lies there is of before.
    expect(report.sharing).toMatchObject({ images: 1, layers: [] });
    const other = shop().map((image) => ({ ...image, image: imageOf('of another run', ['a']) }));
    expect(wholeReportOf([first], other)?.sharing.images).toBe(0);
  });

  test('the slowest chain goes through the image of another project', () => {
    const { chain } = wholeReportOf([first], shop())!;
    expect(chain.map(({ id }) => id)).toEqual([
      'api:docker-deps',
      'api:docker-runner',
      'web:docker-deps',
      'web:docker-runner',
    ]);
    // A task's id may name its configuration.
    const tasks = first.tasks.map((task) => ({ ...task, id: `${task.id}:production` }));
    expect(wholeReportOf([{ ...first, tasks }], shop())?.chain).toHaveLength(4);
    // Another image is the same, digest for digest: web did not wait for that.
    const twin = { ...shop()[0]!, project: 'twin' };
    const slower = wholeRun(4, {
      api: { deps: ['built', 20], runner: ['built', 20] },
      twin: { deps: ['built', 30], runner: ['built', 30] },
      web: { deps: ['built', 50], runner: ['built', 50] },
    });
    for (const known of [
      [twin, ...shop()],
      [...shop(), twin],
    ])
      expect(wholeReportOf([slower], known)?.chain[0]?.project).toBe('api');
    // A chain of fewer tasks may be the slower one.
    const slow = wholeRun(3, {
      api: { deps: ['local-hit', 10], runner: ['local-hit', 10] },
      web: { deps: ['built', 10], runner: ['built', 10] },
      docs: { deps: ['built', 90] },
    });
    expect(wholeReportOf([slow], shop())?.chain.map(({ id }) => id)).toEqual(['docs:docker-deps']);
  });

  test('earlier runs say how many images they made', () => {
    expect(report.history.map(({ images, hits, rebuilt }) => [images, hits, rebuilt])).toEqual([
      [2, 0, 4],
      [1, 1, 2],
    ]);
  });

  test('is compared with runs over the same images, in time with those that made them all', () => {
    const stages = { deps: ['built', 1000], runner: ['built', 3000] } as const;
    const all = [1, 5].map((minute) => wholeRun(minute, { api: stages, docs: stages }));
    const half = wholeRun(2, { api: stages, docs: { deps: ['failed', 10] } });
    const one = wholeRun(3, { api: stages });
    const report = wholeReportOf([all[0]!, half, one, all[1]!], shop())!;
    expect(report.history.map(({ at }) => new Date(at).getUTCMinutes())).toEqual([1, 2, 5]);
    expect(wholePage(report)).toContain('median of the last 1 that made all of these: 8.0 s');
    const alone = wholeReportOf([all[0]!, half, one], shop())!;
    expect(alone.history).toHaveLength(1);
    expect(wholePage(alone)).toContain('no run before is kept that made all of these');
    expect(wholePage(alone)).toContain('this is the first run over these images that was kept');
  });

  test('an image is there where its last task went well, and not where it was not come to', () => {
    const alone = record({ web: { deps: ['built', 10] } });
    // Nx keeps nothing of docker-runner, which would have waited for it.
    const build = { ...alone.tasks[0]!, target: 'build', outcome: 'failed' as const };
    const failed = { ...alone, tasks: [...alone.tasks, build] };
    const unsent = record({
      web: { deps: ['local-hit', 1], runner: ['built', 9], push: ['failed', 5] },
    });
    const restored = record({ web: { deps: ['built', 9], runner: ['remote-hit', 1] } });
    const seen = [failed, alone, unsent, restored].map((run) => {
      const { images, history } = wholeReportOf([run], shop())!;
      return [images[0]!.outcome, images[0]!.failed, images[0]!.stages, history[0]!.images];
    });
    expect(seen).toEqual([
      ['skipped', [], 1, 0],
      ['skipped', [], 1, 0],
      ['failed', ['docker-push'], 2, 1],
      ['remote-hit', [], 2, 1],
    ]);
    expect(wholePage(wholeReportOf([alone], shop())!)).toContain('1 not come to');
    const text = wholeMarkdown(wholeReportOf([unsent], shop())!, { text: 'r.html' });
    expect(text).toContain('### 1 image, 1 failed\n\n1 of 2 stages from the cache');
    expect(text).toContain('| `web` | ✕ failed: docker-push | 1 of 2 |');
  });

  test('what came from and went to caches is that of all images together', () => {
    const bytes = Object.fromEntries(report.transfers.map((row) => [row.what, row.bytes]));
    expect(bytes).toMatchObject({
      'Taken from the remote cache': 1000,
      'Put into the local cache': 2000,
    });
  });

  test('its page names images, shared layers and the chain, and nothing that is not known', () => {
    const page = wholePage(wholeReportOf([first], shop())!);
    for (const id of ['images', 'sharing', 'chain', 'waterfall', 'transfers', 'history'])
      expect(page).toContain(`<section id="${id}"`);
    expect(page).toContain('2 images of 4.9 KiB in all are 2.9 KiB where each layer is kept once');
    expect(wholePage(report)).toContain('about 5.9 s saved, of stages, not of the run');
    const arm = first.tasks.map((task) => ({
      ...task,
      images: [...task.images!, ...task.images!],
    }));
    const both = wholePage(wholeReportOf([{ ...first, tasks: arm }], shop())!);
    expect(both).toContain('of an image for several platforms one counts in all sizes');
    expect(page).not.toContain('several platforms');
    const bare = wholePage(wholeReportOf([first], [knownImage('api', [])])!);
    expect(bare).not.toContain('id="sharing"');
    expect(bare).toContain('no image of the run lies here');
  });

  test('a pull request is told of what was built or failed first, and how many more there are', () => {
    const link = { text: 'dist/docker-report.html', url: 'https://x.test/1' };
    const text = wholeMarkdown(report, link);
    expect(text).toContain('### 2 images, 1 failed\n');
    expect(text).toContain(
      '1 of 4 stages from the cache, 3.6 s. [Report](https://x.test/1): `dist/docker-report.html`',
    );
    expect(text).toContain('| `web` | ✕ failed: docker-runner | 0 of 2 | 2.5 s |');
    expect(text).toContain(
      'Slowest chain of stages, 3.6 s: `api:docker-deps` → `api:docker-runner`',
    );
    const shared = wholeMarkdown(wholeReportOf([first], shop())!, link);
    expect(shared).toContain(
      '\n2 images of 4.9 KiB in all are 2.9 KiB where each layer is kept once.\n',
    );
    expect(text).not.toContain('where each layer');
    const names = Array.from({ length: 30 }, (_, at) => `app-${at}`);
    const many = wholeRun(4, {
      ...Object.fromEntries(names.map((name) => [name, { runner: ['local-hit', 9000] as const }])),
      'app-27': { runner: ['built', 99_000] },
      'app-28': { deps: ['built', 99_000] },
      'app-29': { runner: ['failed', 1] },
    });
    const known = names.map((name) => knownImage(name, plans));
    const short = wholeMarkdown(wholeReportOf([many], known)!, link);
    expect(short).toMatch(
      /\| --- .*\n\| `app-29` \| ✕ failed.*\n\| `app-28` \| – not come to .*\n\| `app-27` \| ▲ built/,
    );
    expect(short).toContain('\n10 more are in the report.\n');
  });
});

test('sharing of any images: what is kept is at most all, and each layer is counted once', () => {
  const layer = (at: number) => imageOf('x', [String(at)]).record.layers[0]!;
  for (let seed = 1; seed < 50; seed += 1) {
    const images = Array.from({ length: seed % 7 }, (_, at) =>
      Array.from({ length: (seed + at) % 5 }, (_, deep) => layer((seed * deep + at * deep) % 6)),
    );
    const { bytes, keptBytes, layers } = sharingOf(images);
    const distinct = new Set(images.flat().map((each) => each.digest));
    expect(keptBytes).toBe(1000 * distinct.size);
    expect(keptBytes).toBeLessThanOrEqual(bytes);
    const saved = layers.reduce((sum, each) => sum + each.sizeBytes * (each.images - 1), 0);
    expect(saved).toBe(bytes - keptBytes);
  }
  expect(sharingOf([])).toEqual({ images: 0, bytes: 0, keptBytes: 0, layers: [] });
});

test('of any run: rows, cards, history and summary are about the same stages and images', () => {
  const outcome = fc.constantFrom<Outcome>('built', 'local-hit', 'remote-hit', 'failed');
  const targets = { deps: outcome, runner: outcome, push: outcome };
  const projects = fc.array(fc.record(targets, { requiredKeys: [] }), { maxLength: 30 });
  fc.assert(
    fc.property(projects, (found) => {
      const known = found.map((_, at) => knownImage(`app-${at}`, plans));
      const run = wholeRun(
        1,
        Object.fromEntries(found.map((each, at) => [`app-${at}`, timed(each)])),
      );
      const report = wholeReportOf([run], known);
      if (!report) return;
      const { images, totals, history } = report;
      const stages = images.reduce((sum, row) => sum + row.stages, 0);
      expect(stages).toBe(totals.hits + totals.rebuilt + totals.failed);
      const made = found.filter(({ runner = 'failed' }) => runner !== 'failed');
      expect(history.at(-1)!.images).toBe(made.length);
      for (const { name, outcome: shown, failed } of images) {
        const { runner, ...others } = found[Number(name.slice('app-'.length))]!;
        const fails = [runner, ...Object.values(others)].filter((each) => each === 'failed');
        expect(failed).toHaveLength(fails.length);
        expect(shown).toBe(fails.length > 0 ? 'failed' : (runner ?? 'skipped'));
      }
      const rows = wholeMarkdown(report, { text: 'r.html' }).match(/^\| `.*$/gm) ?? [];
      const failed = images.filter(({ outcome: shown }) => shown === 'failed').length;
      const named = rows.map((row) => row.includes('✕ failed'));
      expect(named.indexOf(false)).toBe(failed < named.length ? failed : -1);
    }),
  );
});

const timed = (stages: Record<string, Outcome>) =>
  Object.fromEntries(Object.entries(stages).map(([name, each]) => [name, [each, 10] as const]));
