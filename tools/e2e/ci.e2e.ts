import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { type Engine, cacheFolder, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type Clone, gitIn, makeClone } from './clone';
import { buildImage } from './image';

const IMAGE = 'excel2doc/e2e-ci';
const TRUSTED = '/etc/ssl/certs/ca-certificates.crt';

/** Of a step only what is a command: the rest are actions, in whose place the container stands. */
interface Workflow {
  jobs: Record<string, { steps: { run?: string }[] }>;
}

let engine: Engine;
let clone: Clone;
const base = { sha: '' };

beforeAll(async () => {
  engine = await locateEngine();
  clone = await makeClone('ci');
  base.sha = await gitIn(clone.folder, 'rev-parse', 'HEAD');
  appendFileSync(join(clone.folder, 'apps/backend/app/main.py'), '\n# A change for CI to check.\n');
  await gitIn(clone.folder, 'commit', '-qam', 'Change the backend');
  await buildImage(engine, IMAGE, join(__dirname, 'ci'));
});
afterAll(async () => {
  await engine.command(['image', 'rm', '--force', `excel2doc/backend:${clone.tag}`]);
});

/**
 * One step as the platform runs it: bash, which stops at the first command that fails, in a machine
 * that has the checkout, Node and Docker. The folders have their own paths, for the engine, which
 * is not in the container, mounts by path.
 */
async function runStep(command: string) {
  const home = homedir();
  const shared = [clone.folder, cacheFolder(), join(home, '.npmrc'), '/etc/ssl/certs'];
  const plugins = '/usr/local/lib/docker/cli-plugins';
  const tools = {
    [engine.docker]: '/usr/local/bin/docker',
    [engine.buildxPath]: `${plugins}/docker-buildx`,
    [engine.composePath]: `${plugins}/docker-compose`,
    [socket()]: '/var/run/docker.sock',
  };
  const variables = {
    ...clone.env,
    HOME: home,
    NX_BASE: base.sha,
    NX_HEAD: await gitIn(clone.folder, 'rev-parse', 'HEAD'),
    // As a runner's image is made to trust what this machine trusts.
    ...(existsSync(TRUSTED) && { NODE_EXTRA_CA_CERTS: TRUSTED }),
    ...Object.fromEntries(
      Object.entries(process.env).filter(([name]) =>
        /^(https?_proxy|npm_config_registry)$/i.test(name),
      ),
    ),
  };
  const mounts = [
    ...shared.filter((path) => existsSync(path)).map((path) => [path, path]),
    ...Object.entries(tools),
  ].map(([source, target]) => `type=bind,source=${source},target=${target}`);
  const { exitCode, stdout, stderr } = await engine.run({
    image: IMAGE,
    command: ['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', command],
    workdir: clone.folder,
    network: 'host',
    ...{ mounts, variables },
  });
  return { exitCode, output: stdout + stderr };
}

function socket(): string {
  return (engine.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').replace('unix://', '');
}

test("the workflow's steps check what a change affects, and no more", async () => {
  const text = readFileSync(join(clone.folder, '.github/workflows/ci.yaml'), 'utf8');
  const { steps } = (parse(text) as Workflow).jobs['affected']!;
  const commands = steps.flatMap(({ run }) => run ?? []);
  expect(commands.at(-1)).toContain('nx affected');
  let last = '';
  for (const command of commands) {
    const { exitCode, output } = await runStep(command);
    expect(exitCode, `${command}\n${output}`).toBe(0);
    last = output;
  }
  expect(stripVTControlCharacters(last)).toContain(
    'Successfully ran targets lint, test, docker-build for project backend and',
  );
  expect(await engine.inspectImage(`excel2doc/backend:${clone.tag}`)).not.toBeNull();
});
