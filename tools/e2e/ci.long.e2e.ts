// Takes 420 s.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { type Engine, cacheFolder, locateEngine } from '@excel2doc/engine';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { type Clone, gitIn, makeClone } from './clone';
import { buildImage, removeImages } from './image';
import { tlsEndpoint } from './tls-endpoint';

const IMAGE = 'excel2doc/e2e-ci';
const TRUSTED = '/etc/ssl/certs/ca-certificates.crt';

/** Of a step only what is a command: the rest are actions, in whose place the container stands. */
interface Workflow {
  jobs: Record<
    string,
    { steps: { run?: string }[]; strategy: { matrix: { include: { targets: string }[] } } }
  >;
}

/** Of GitLab's file what a job runs. */
interface Pipeline {
  default: { before_script: string[] };
  variables: Record<string, string>;
  affected: { script: string[]; parallel: { matrix: { TARGETS: string }[] } };
}

interface Change {
  clone: Clone;
  base: string;
  head: string;
}

let engine: Engine;

beforeAll(async () => {
  engine = await locateEngine();
  await buildImage(engine, IMAGE, join(__dirname, 'ci'));
});

/** A checkout in which the last commit changes the backend. */
async function changedBackend(name: string): Promise<Change> {
  const clone = await makeClone(name);
  onTestFinished(() => removeImages(engine, `excel2doc/backend:${clone.tag}`));
  const base = await gitIn(clone.folder, 'rev-parse', 'HEAD');
  appendFileSync(join(clone.folder, 'apps/backend/app/main.py'), '\n# A change for CI to check.\n');
  await gitIn(clone.folder, 'commit', '-qam', 'Change the backend');
  return { clone, base, head: await gitIn(clone.folder, 'rev-parse', 'HEAD') };
}

interface Machine {
  variables: Record<string, string>;
  /** What it has beside the checkout, by the path there. */
  mounts: Record<string, string>;
  hosts?: Record<string, string>;
}

/**
 * Runs a command as the platforms do: bash, which stops at the first command that fails, in a machine
 * that has the checkout, Node and Docker. The folders have their own paths, for the engine, which
 * is not in the container, mounts by path. What it printed is returned.
 */
async function runStep(clone: Clone, command: string, machine: Machine): Promise<string> {
  const home = homedir();
  const shared = [clone.folder, cacheFolder(), join(home, '.npmrc'), '/etc/ssl/certs'];
  const plugins = '/usr/local/lib/docker/cli-plugins';
  const tools = {
    '/usr/local/bin/docker': engine.docker,
    [`${plugins}/docker-buildx`]: engine.buildxPath,
    [`${plugins}/docker-compose`]: engine.composePath,
    ...machine.mounts,
  };
  const variables = {
    ...clone.env,
    HOME: home,
    // As a runner's image is made to trust what this machine trusts.
    ...(existsSync(TRUSTED) && { NODE_EXTRA_CA_CERTS: TRUSTED }),
    ...Object.fromEntries(
      Object.entries(process.env).filter(([name]) =>
        /^(https?_proxy|npm_config_registry)$/i.test(name),
      ),
    ),
    ...machine.variables,
  };
  const mounts = [
    ...shared.filter((path) => existsSync(path)).map((path) => [path, path]),
    ...Object.entries(tools),
  ].map(([target, source]) => `type=bind,source=${source},target=${target}`);
  const { exitCode, stdout, stderr } = await engine.run({
    image: IMAGE,
    command: ['bash', '--noprofile', '--norc', '-eo', 'pipefail', '-c', command],
    workdir: clone.folder,
    network: 'host',
    mounts,
    variables,
    ...(machine.hosts && { hosts: machine.hosts }),
  });
  expect(exitCode, `${command}\n${stdout}${stderr}`).toBe(0);
  return stripVTControlCharacters(stdout + stderr);
}

function socket(): string {
  return (engine.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock').replace('unix://', '');
}

async function expectChecked(output: string, { tag }: Clone): Promise<void> {
  expect(output).toMatch(
    /Successfully ran targets lint, typecheck, test,( test-engine,)? docker-build for project backend and/,
  );
  expect(await engine.inspectImage(`excel2doc/backend:${tag}`)).not.toBeNull();
}

test("the steps of GitHub's workflow check what a change affects, and no more", async () => {
  const { clone, base, head } = await changedBackend('ci');
  const text = readFileSync(join(clone.folder, '.github/workflows/ci.yaml'), 'utf8');
  const { steps, strategy } = (parse(text) as Workflow).jobs['affected']!;
  const all = steps.flatMap(({ run }) => run ?? []);
  const commands = all.slice(0, all.findIndex((run) => run.includes('nx affected')) + 1);
  expect(commands).not.toEqual([]);
  // The first machine is of the kind of those that people have.
  const TARGETS = strategy.matrix.include[0]!.targets;
  const machine = {
    variables: { NX_BASE: base, NX_HEAD: head, TARGETS },
    mounts: { '/var/run/docker.sock': socket() },
  };
  let last = '';
  for (const command of commands) last = await runStep(clone, command, machine);
  await expectChecked(last, clone);
});

test("the script of GitLab's job does so with an engine beside it, behind TLS", async () => {
  const { clone, base, head } = await changedBackend('ci-gitlab');
  const text = readFileSync(join(clone.folder, '.gitlab-ci.yml'), 'utf8');
  const { default: all, variables, affected } = parse(text) as Pipeline;
  const [installs = '', ...before] = all.before_script;
  // In its place the container has the client that this machine's engine came with.
  expect(installs).toContain('apt-get install -yqq --no-install-recommends docker-cli');

  const host = new URL(variables['DOCKER_HOST']!);
  const endpoint = await tlsEndpoint(socket(), host.hostname);
  onTestFinished(() => endpoint.close());
  host.port = String(endpoint.port);
  const output = await runStep(clone, [...before, ...affected.script].join('\n'), {
    variables: {
      ...variables,
      DOCKER_HOST: `tcp://${host.host}`,
      CI_MERGE_REQUEST_DIFF_BASE_SHA: base,
      CI_COMMIT_SHA: head,
      TARGETS: affected.parallel.matrix[0]!.TARGETS,
    },
    mounts: { [variables['DOCKER_CERT_PATH']!]: endpoint.clientFolder },
    hosts: { [host.hostname]: '127.0.0.1' },
  });
  await expectChecked(output, clone);
});
