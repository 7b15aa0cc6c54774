import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { shell } from '../shell';
import { type NxResult, endOf, runNx, step } from '../steps';
import { workspaceRoot } from '../workspace';
import { changedProjects } from './changed-projects';
import { HOSTILE_UMASK, hostileEnvironment } from './hostile';
import { newestNode } from './newest-node';
import { secondLook } from './second-look';
import { type Tally, addTallies, tallyOf } from './tally';
import { knownEnvironment } from './vitest/known-environment.mts';
import { recordFile, recordedSeconds } from './vitest/takes.mts';

/** One run of Nx. */
interface Part {
  /** Of its log. */
  name: string;
  title: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  umask?: number;
}

/** What Nx itself takes from its user: how to reach a cache that a team shares. */
const CACHE = /^(EXCEL2DOC_CACHE_|NX_SELF_HOSTED_REMOTE_CACHE_|ACTIONS_ID_TOKEN_REQUEST_)/;

function environment(more: Record<string, string> = {}): Record<string, string> {
  const cache = Object.entries(process.env).filter(([name]) => CACHE.test(name));
  const known = knownEnvironment(process.env, { outside: true });
  return {
    ...known,
    ...(Object.fromEntries(cache) as Record<string, string>),
    NX_DAEMON: 'false',
    ...more,
  };
}

/**
 * One task more than two cores have room for: while one waits for an engine, for a process or for what
 * is late on purpose, another computes.
 */
const AT_A_TIME = '--parallel=3';

/** What every change must pass. */
const EVERY: Omit<Part, 'env'> = {
  name: 'test',
  title: 'lint, types, tests, and one fresh clone from `npm start` to `npm run stop`',
  args: ['run-many', '-t', 'lint', 'typecheck', 'test', 'test-engine', 'story', AT_A_TIME],
};

export interface GateOptions {
  /** What fails gets a second chance, alone: on a machine that refuses a change by its failure. */
  again: boolean;
}

/** `npm test`: the same seeds each time, so that it says the same of the same tree. */
export const everyChange = (options: GateOptions): Promise<Tally> =>
  runPart({ ...EVERY, env: environment() }, options);

/**
 * The long suites of the projects that the last `commits` commits have changed, as far as they fit.
 * `tools` is always among them: its suites look at all the others.
 */
export async function longSuitesOfChanged(
  commits: number,
  untilMs: number,
  options: GateOptions,
): Promise<Tally> {
  const changed = await changedProjects(commits, await projectRoots());
  const projects = [...new Set([...changed, 'tools'])].join();
  const part: Part = {
    name: 'test-long',
    title: `the long suites of ${projects}`,
    args: ['run-many', '-t', 'test-e2e', 'test-long', `--projects=${projects}`],
    env: environment({ TEST_DEADLINE_MS: String(untilMs) }),
  };
  return runPart(part, options);
}

/** `npm run test:all`: everything, on cases that nobody has seen yet. */
export async function everything(): Promise<Tally> {
  const TEST_SEED = process.env['TEST_SEED'] ?? String(randomInt(2 ** 31));
  console.log(`  new cases; TEST_SEED=${TEST_SEED} draws the same again`);
  const env = environment({ TEST_SEED });
  const node = await newestNode();
  const anew = ['--skip-nx-cache'];
  const units = ['run-many', '-t', 'test'];
  const parts: Part[] = [
    { ...EVERY, env },
    {
      name: 'test-long',
      title: 'all suites that take long: end to end, fuzzing, crashes, the package, the guide',
      args: ['run-many', '-t', 'test-e2e', 'test-long'],
      env,
    },
    {
      name: 'test-hostile',
      title: 'the tests again, in the environment of somebody who likes to configure',
      args: [...units, 'test-engine', '--exclude=backend,nx-stages,dockerfile', ...anew],
      env: { ...environment(), ...hostileEnvironment },
      umask: HOSTILE_UMASK,
    },
    {
      name: 'test-node',
      title: `the tests again, on Node ${node.version}`,
      args: [...units, '--exclude=backend', ...anew],
      env: { ...environment(), PATH: `${node.folder}:${process.env['PATH']}` },
    },
  ];
  const tallies: Tally[] = [];
  for (const part of parts) tallies.push(await runPart(part));
  return addTallies(tallies);
}

async function runPart(part: Part, { again }: GateOptions = { again: false }): Promise<Tally> {
  const { name, title, args, env, umask = 0o022 } = part;
  // What is there then was written, or restored from Nx's cache, by this run.
  rmSync(join(workspaceRoot, 'dist/tests'), { recursive: true, force: true });
  process.umask(umask);
  const first = await step(title, (log) => runNx(name, args, log, { env }), hasPassed);
  const result = again && !first.ok ? await runAgain(first, part) : first;
  const tally = tallyOf(name, result, workspaceRoot);
  keepSeconds(tally);
  if (!result.ok) console.error(endOf(result.output));
  return tally;
}

const hasPassed = ({ ok }: NxResult) => ok;

/** For all second runs of a part together. */
const AGAIN_MS = 10 * 60_000;

async function runAgain(first: NxResult, { name, env }: Part): Promise<NxResult> {
  const deadline = { TEST_DEADLINE_MS: String(Date.now() + AGAIN_MS) };
  return secondLook(first, workspaceRoot, async ({ taskId }, files) => {
    const args = ['run', taskId, '--skip-nx-cache', '--exclude-task-dependencies', ...files];
    const log = `${name}-again-${taskId.replaceAll(':', '-')}`;
    const options = { env: { ...env, ...deadline } };
    return step(`${taskId} again, alone`, (say) => runNx(log, args, say, options), hasPassed);
  });
}

/** For the next run with a budget on this machine. */
function keepSeconds({ suites, failed }: Tally): void {
  const failing = failed.map(({ where }) => where);
  const whole = suites.filter(
    ({ name }) => name.endsWith('.ts') && !failing.some((where) => where.startsWith(name)),
  );
  const measured = Object.fromEntries(whole.map(({ name, seconds }) => [name, Math.ceil(seconds)]));
  const file = recordFile();
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  const all = { ...recordedSeconds(file), ...measured };
  writeFileSync(temporary, `${JSON.stringify(all, undefined, 1)}\n`);
  renameSync(temporary, file);
}

async function projectRoots(): Promise<Record<string, string>> {
  const file = join(workspaceRoot, 'tmp', 'graph.json');
  const nx = join(workspaceRoot, 'node_modules/.bin/nx');
  await shell({
    cwd: workspaceRoot,
    env: { ...process.env, ...environment() },
  })`${nx} graph --file=${file}`;
  const { graph } = JSON.parse(readFileSync(file, 'utf8')) as {
    graph: { nodes: Record<string, { data: { root: string } }> };
  };
  return Object.fromEntries(
    Object.entries(graph.nodes).map(([name, { data }]) => [name, data.root]),
  );
}
