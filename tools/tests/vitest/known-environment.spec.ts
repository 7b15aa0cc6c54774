import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hostileEnvironment } from '../hostile';
import { knownEnvironment } from './known-environment.mts';

const machine = { PATH: '/bin', HOME: '/home/a', CI: 'true' };
const engine = { DOCKER_HOST: 'tcp://docker:2376', HTTPS_PROXY: 'http://proxy:3128' };

test('keeps where things are on this machine, and what steers a test', () => {
  const knobs = { FUZZ_CASES: '3', TEST_SEED: '7' };
  expect(knownEnvironment({ ...machine, ...knobs }, { outside: false })).toMatchObject({
    ...machine,
    ...knobs,
  });
});

test('what specs compare with true, to do more where somebody asks, is kept', () => {
  const root = join(__dirname, '../../..');
  const asked = ['grep', '-hoE', String.raw`process\.env\['[A-Z_]+'\] === 'true'`, '--', '*.spec.ts', '*.e2e.ts']; // prettier-ignore
  const lines = execFileSync('git', asked, { cwd: root, encoding: 'utf8' }).trim().split('\n');
  const names = new Set(lines.map((line) => line.split("'")[1]!));
  expect(names).toContain('BUILD_ALL');
  for (const name of names)
    expect(knownEnvironment({ [name]: 'true' }, { outside: false })).toHaveProperty(name, 'true');
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
