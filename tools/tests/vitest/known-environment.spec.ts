import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { workspaceRoot } from '../../workspace';
import { hostileEnvironment } from '../hostile';
import { knownEnvironment, KNOBS } from './known-environment.mts';

type Targets = Record<string, { inputs?: unknown[] } | undefined>;

const read = (path: string): unknown => JSON.parse(readFileSync(join(workspaceRoot, path), 'utf8'));
const nxJson = read('nx.json') as {
  namedInputs: Record<string, unknown[]>;
  targetDefaults: Targets;
};

const machine = { PATH: '/bin', HOME: '/home/a', CI: 'true' };
const engine = { DOCKER_HOST: 'tcp://docker:2376', HTTPS_PROXY: 'http://proxy:3128' };

test('keeps where things are on this machine, and what steers a test', () => {
  const knobs = { FUZZ_CASES: '3', TEST_SEED: '7' };
  expect(knownEnvironment({ ...machine, ...knobs }, { outside: false })).toMatchObject({
    ...machine,
    ...knobs,
  });
});

/** What specs read to do more, or something else, where somebody asks: with a default, or as a switch. */
function steering(): Set<string> {
  const asked = ['grep', '-h', String.raw`process\.env`, '--', '*.spec.ts', '*.e2e.ts'];
  const text = execFileSync('git', asked, { cwd: workspaceRoot, encoding: 'utf8' });
  const name = String.raw`process\.env(?:\.|\[')([A-Z_]+)(?:'\])?`;
  const reads = new RegExp(`!${name}|${name}(?: === 'true'| \\?\\? (?:[\\d(]|process\\.env))`, 'g');
  return new Set([...text.matchAll(reads)].map(([, switched, given]) => (switched ?? given)!));
}

test('what steers a spec reaches it', () => {
  const names = [...steering()];
  expect(names).toEqual(expect.arrayContaining(['BUILD_ALL', 'SHRINK', 'RUNS', 'SEED']));
  const kept = knownEnvironment(Object.fromEntries(names.map((name) => [name, '1'])), { outside: false }); // prettier-ignore
  expect(names.filter((name) => !(name in kept))).toEqual([]);
});

/** The inputs of a target, those with a name spelt out. */
function spelt(inputs: readonly unknown[]): unknown[] {
  return inputs.flatMap((input) => {
    const named = typeof input === 'string' ? nxJson.namedInputs[input] : undefined;
    return named ? spelt(named) : [input];
  });
}

test('what steers a spec is an input of each target that runs some', () => {
  const kinds = ['test', 'test-engine', 'test-e2e', 'test-long'];
  const asked = ['ls-files', '-z', '*/package.json'];
  const paths = execFileSync('git', asked, { cwd: workspaceRoot, encoding: 'utf8' }).split('\0');
  const own = paths.filter(Boolean).map((path) => {
    const { nx } = read(path) as { nx?: { targets?: Targets } };
    return nx?.targets ?? {};
  });
  for (const kind of kinds) {
    const inputs = [nxJson.targetDefaults, ...own]
      .map((targets) => targets[kind]?.inputs)
      .filter((each) => each !== undefined);
    expect(inputs).not.toEqual([]);
    const wanted = KNOBS.filter((name) => kind === 'test-long' || name !== 'TEST_DEADLINE_MS');
    for (const each of inputs)
      expect(spelt(each)).toEqual(expect.arrayContaining(wanted.map((env) => ({ env }))));
  }
});

test('of what lies outside of this machine a unit test knows nothing', () => {
  expect(knownEnvironment({ ...machine, ...engine }, { outside: true })).toMatchObject(engine);
  const known = knownEnvironment({ ...machine, ...engine }, { outside: false });
  for (const name of Object.keys(engine)) expect(known).not.toHaveProperty(name);
});

test.each([true, false])('whatever else is set makes no difference (outside: %s)', (outside) => {
  const without = knownEnvironment(machine, { outside });
  expect(knownEnvironment({ ...machine, ...hostileEnvironment }, { outside })).toEqual(without);
});

test('a process that enters it has no other, and makes files that others may read', () => {
  const module = join(__dirname, 'known-environment.mts');
  const script = `import { enterKnownEnvironment } from ${JSON.stringify(module)};
    enterKnownEnvironment({ outside: true });
    console.log(JSON.stringify([process.env, process.umask()]));`;
  const run = [
    '-c',
    'umask 077; exec "$@"',
    'sh',
    process.execPath,
    '--import',
    'tsx',
    '-e',
    script,
  ];
  const env = { ...process.env, ...hostileEnvironment };
  const [seen, umask] = JSON.parse(execFileSync('sh', run, { env, encoding: 'utf8' })) as [
    Record<string, string>,
    number,
  ];
  expect(umask).toBe(0o022);
  expect(seen).toMatchObject({ TZ: 'UTC', LC_ALL: 'C.UTF-8' });
  for (const name of ['COMPOSE_PROJECT_NAME', 'GIT_DIR', 'NX_STAGES_TAG', 'npm_config_omit'])
    expect(seen).not.toHaveProperty(name);
});
