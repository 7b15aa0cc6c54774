// Takes 60 s.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../../testing/nx-workspace';

/** By TEST_SEED, which the run prints. ROUNDS=100 for more. */
const rounds = Number(process.env['ROUNDS'] ?? 5);

/**
 * The same edits, one after another, in three workspaces: built in batches, in a process a task, and
 * with nothing kept from before. No stage has a RUN, so no engine is asked.
 */
const batched = new NxWorkspace();
const forked = new NxWorkspace();
const clean = new NxWorkspace();
const workspaces = [batched, forked, clean];
afterAll(() => workspaces.forEach((each) => each.remove()));

const NAMES = ['base', 'runtime', 'tools', 'api', 'site'] as const;
const DOCKERFILES: Record<(typeof NAMES)[number], string> = {
  base: 'FROM scratch AS deps\nENV BASE=1\nFROM deps AS out\nCOPY base.txt /\n',
  runtime: 'FROM base:dev AS out\nCOPY runtime.txt /$BASE/\n',
  tools: 'FROM scratch AS own\nCOPY tools.txt /\nFROM base AS out\nCOPY --from=own /tools.txt /\n',
  api: 'FROM runtime:dev AS out\nCOPY api.txt /\n',
  site: 'FROM runtime AS out\nCOPY --from=tools:dev /tools.txt /\nCOPY site.txt /\n',
};
/** Somebody's inputs, which say nothing of the images below. */
const STAMPED = { 'docker-out': { inputs: ['{projectRoot}/stamp', { externalDependencies: [] }] } };
const targets = (name: string) => (['base', 'runtime'].includes(name) ? STAMPED : {});

const files = Object.fromEntries(
  NAMES.flatMap((name) => [
    [`images/${name}/project.json`, JSON.stringify({ name, targets: targets(name) })],
    [`images/${name}/Dockerfile`, DOCKERFILES[name]],
    [`images/${name}/${name}.txt`, name],
    [`images/${name}/stamp`, ''],
  ]),
);

beforeAll(() => Promise.all(workspaces.map((each) => each.start(files))), 120_000);

type Edit = (workspace: NxWorkspace) => void;
const dockerfile = (name: string) => `images/${name}/Dockerfile`;
const named = fc.constantFrom(...NAMES);
/** Few values: what was built before comes back. */
const value = fc.integer({ min: 0, max: 2 });
const edits: Record<string, fc.Arbitrary<[string, Edit]>> = {
  'a file': fc
    .tuple(named, value)
    .map(([name, n]) => [
      `${name}.txt ${n}`,
      (each) => each.write({ [`images/${name}/${name}.txt`]: `${name} ${n}` }),
    ]),
  'a comment': fc
    .tuple(named, value)
    .map(([name, n]) => [
      `comment ${name} ${n}`,
      (each) => each.write({ [dockerfile(name)]: `${DOCKERFILES[name]}# ${n}\n` }),
    ]),
  'an instruction': value.map((n) => [
    `ENV ${n}`,
    (each) => each.write({ [dockerfile('base')]: DOCKERFILES.base.replace('=1', `=${n}`) }),
  ]),
  'what stands on what': fc
    .constantFrom('base', 'runtime:dev')
    .map((below) => [
      `api on ${below}`,
      (each) => each.write({ [dockerfile('api')]: DOCKERFILES.api.replace('runtime:dev', below) }),
    ]),
  'a declared input': fc
    .tuple(fc.constantFrom('base', 'runtime'), value)
    .map(([name, n]) => [
      `stamp ${name} ${n}`,
      (each) => each.write({ [`images/${name}/stamp`]: `${n}` }),
    ]),
  'outputs lost': named.map((name) => [
    `lost ${name}`,
    (each) => each.delete(`dist/images/${name}`),
  ]),
  broken: fc
    .constantFrom('tools', 'runtime')
    .map((name) => [
      `broken ${name}`,
      (each) =>
        each.write({ [dockerfile(name)]: `${DOCKERFILES[name as 'tools']}COPY absent /\n` }),
    ]),
};
const step = fc.record({
  edits: fc.array(fc.oneof(...Object.values(edits)), { minLength: 1, maxLength: 2 }),
  target: fc.oneof({ weight: 2, arbitrary: fc.constant('all') }, { weight: 1, arbitrary: named }),
  mode: fc.constantFrom<string[]>([], ['--parallel=1'], ['--verbose']),
});

async function build(workspace: NxWorkspace, target: string, ...args: string[]) {
  const what =
    target === 'all' ? ['run-many', '-t', 'docker-out'] : ['run', `${target}:docker-out`];
  const { status, output } = await workspace.nx(...what, ...args);
  const lines = output.matchAll(
    /^[>✔] +nx run (\S+?)( +\[(?:local cache|existing outputs match).*)?$/gm,
  );
  const ended = [...lines].map(([, task, hit]) => [task!, hit ? 'hit' : 'run'] as const);
  return { isDone: status === 0, output, tasks: Object.fromEntries(ended) };
}

/** The digests of the images that were built. */
function digests(workspace: NxWorkspace, tasks: object): Record<string, string> {
  const projects = [...new Set(Object.keys(tasks).map((task) => task.split(':')[0]!))].sort();
  return Object.fromEntries(
    projects.map((name) => {
      const out = `dist/images/${name}/docker/out`;
      const platform = workspace.list(out).find((each) => each.startsWith('linux'));
      const { digest } = JSON.parse(workspace.read(`${out}/${platform}/image.json`));
      return [name, digest as string];
    }),
  );
}

test(
  'whatever is edited, a batch makes what a process a task makes and a clean build has, and no more',
  async () => {
    const log: string[] = [];
    for (const { edits, target, mode } of fc.sample(step, rounds)) {
      log.push(`${edits.map(([what]) => what).join(', ')} -> ${target} ${mode.join(' ')}`);
      const because = log.join('\n');
      for (const each of workspaces) for (const [, edit] of edits) edit(each);
      clean.delete('dist');
      const [inBatch, inForks, anew] = await Promise.all([
        build(batched, target, ...mode),
        build(forked, target, '--batch=false'),
        build(clean, target, '--skip-nx-cache', '--batch=false'),
      ]);
      expect(inBatch.isDone, `${because}\n${inBatch.output}`).toBe(anew.isDone);
      expect(inForks.isDone, `${because}\n${inForks.output}`).toBe(anew.isDone);
      if (!anew.isDone) {
        // Back as it was: a Dockerfile that stays broken hides what the next edits do.
        for (const each of workspaces)
          for (const name of NAMES) each.write({ [dockerfile(name)]: DOCKERFILES[name] });
        continue;
      }
      expect(inBatch.tasks, `${because}\n${inBatch.output}`).toEqual(inForks.tasks);
      const images = digests(clean, anew.tasks);
      const made = [digests(batched, inBatch.tasks), digests(forked, inForks.tasks)];
      expect(made, `${because}\n${inBatch.output}`).toEqual([images, images]);
      const repeat = await build(batched, target);
      expect(Object.values(repeat.tasks), `${because}\n${repeat.output}`).not.toContain('run');
      expect(digests(batched, repeat.tasks), because).toEqual(images);
    }
  },
  rounds * 60_000,
);
