// Takes 480 s.
import { appendFileSync, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workspaceRoot } from '../workspace';
import { removeImages } from './image';
import { type StandIn, makeStandIn, pushStandIn, standInContext } from './package/base';
import { imageContent } from './package/compare';
import { type LocalRegistry, startRegistry } from './package/registry';
import { takeTurns } from './take-turns';
import { SETS } from './package/sets';
import { follow, tutorialSteps } from './package/tutorial';
import {
  bareWorkspace,
  type ForeignWorkspace,
  GIT,
  NX_VERSION,
  publishPackage,
  shell,
  userEnvironment,
  writeFiles,
} from './package/workspace';

// Outside of this checkout: nothing of it may be found from there.
const scratch = mkdtempSync(join(tmpdir(), 'nx-stages-package-'));
const NX_22 = '22.7.12';

let engine: Engine;
let registry: LocalRegistry | undefined;
let standIn: StandIn;

takeTurns("the tutorial's images");

beforeAll(async () => {
  engine = await locateEngine();
  standIn = await makeStandIn(engine, join(scratch, 'stand-in'));
  registry = await startRegistry(join(scratch, 'verdaccio'));
  await publishPackage(registry, join(scratch, 'package'));
});

afterAll(async () => {
  registry?.stop();
  await removeImages(engine, 'shop-api', 'package-e2e/*', 'package-e2e/*/*');
  rmSync(scratch, { recursive: true, force: true });
});

const foreign = (name: string): ForeignWorkspace => ({
  folder: join(scratch, name),
  env: userEnvironment(registry?.npmrc ?? ''),
});

describe('the tutorial, on a package from a registry', () => {
  const hit = (stage: string) => new RegExp(`shop-api:docker-${stage}.*(cache|left as is)`);

  async function check(page: string, workspace: ForeignWorkspace, skip: RegExp) {
    const mirror = await realRegistry();
    await pushStandIn(standIn, `${mirror}/library/node:22-slim`);
    const env = { NX_STAGES_REGISTRY_MIRROR: mirror, NX_STAGES_TAG: 'dev' };
    const steps = tutorialSteps(page).filter(
      (step) => step.kind !== 'shell' || !skip.test(step.lines),
    );
    const outputs = await follow(steps, workspace, env);
    const [added, locked, first, , second, explained, third, last] = outputs.slice(-8);
    expect(added).toContain('apps/api/Dockerfile: deps, runner');
    expect(locked).toMatch(/node:22-slim {2}not locked -> sha256:/);
    expect(first).not.toMatch(hit('deps'));
    expect(second).toMatch(hit('deps'));
    expect(second).toMatch(hit('runner'));
    expect(explained).toMatch(/hit +deps[\s\S]*rebuild +runner[\s\S]*server\.js/);
    expect(third).toMatch(hit('deps'));
    expect(third).not.toMatch(hit('runner'));
    expect(last).toMatch(hit('runner'));
  }

  test('Nx 23, from create-nx-workspace', async () => {
    const outside = { folder: scratch, env: userEnvironment(registry?.npmrc ?? '') };
    const [create] = tutorialSteps('tutorial.md');
    if (create?.kind !== 'shell') throw new Error('the tutorial begins with a workspace');
    const lines = create.lines.replace('@latest', `@${NX_VERSION}`);
    const created = await shell(outside, lines);
    expect(created.status, created.output).toBe(0);
    await check('tutorial.md', foreign('shop'), /create-nx-workspace/);
  });

  test('Nx 22, in Chinese', async () => {
    await bareWorkspace(foreign('shop-22'), NX_22);
    await check('tutorial.zh-CN.md', foreign('shop-22'), /create-nx-workspace/);
  });
});

describe('Dockerfiles of other kinds', () => {
  const run = (line: string) => shell(foreign('shop'), line, { NX_STAGES_TAG: 'plugin' });

  beforeAll(async () => {
    const { folder } = foreign('shop');
    cpSync(join(workspaceRoot, 'tools/e2e/sets'), folder, { recursive: true });
    writeFiles(folder, { 'docker/images.local.json': standIn.localImages });
    const nxJson = JSON.parse(readFileSync(join(folder, 'nx.json'), 'utf8'));
    nxJson.plugins = [
      { plugin: '@excel2doc/nx-stages', options: { imageName: 'package-e2e/{projectName}' } },
    ];
    writeFiles(folder, { 'nx.json': JSON.stringify(nxJson) });
  });

  test('are all built by one command', async () => {
    const { status, output } = await run(
      'npx nx run-many -t docker-build docker-build-app docker-build-worker docker-build-jobs --exclude=shop-api',
    );
    expect(status, output).toBe(0);
  });

  test.each(SETS)('$image is what plain BuildKit makes of it', async (set) => {
    const { folder } = foreign('shop');
    const plain = `package-e2e/plain-${set.image}:1`;
    await engine.build({
      dockerfile: join(folder, set.dockerfile),
      contextDir: join(folder, set.context ?? dirname(set.dockerfile)),
      ...(set.target && { target: set.target }),
      ...(set.buildArgs && { buildArgs: set.buildArgs }),
      namedContexts: Object.fromEntries(
        standIn.references.map((reference) => [reference, standInContext(standIn)]),
      ),
      output: { kind: 'load', tags: [plain] },
      showProgress: false,
    });
    const ours = await imageContent(engine, `package-e2e/${set.image}:plugin`);
    expect(ours).toEqual(await imageContent(engine, plain));
  });

  test.each([
    ['services', ['services-worker', 'services']],
    ['fleet', ['fleet-jobs', 'fleet-worker', 'fleet']],
  ])('each service of %s runs the image that the plugin made for it', async (project, images) => {
    const compose = engine.compose({ files: [], project: `sets-${project}` });
    try {
      const { status, output } = await run(`npx nx run ${project}:compose-up`);
      expect(status, output).toBe(0);
      const running = (await compose.ps()).map(({ image }) => image).sort();
      expect(running).toEqual(images.map((name) => `package-e2e/${name}:plugin`));
    } finally {
      await compose.down({ volumes: true });
    }
  });

  test('a library that an image copies affects it', async () => {
    appendFileSync(join(foreign('shop').folder, 'monorepo/libs/ui/button.js'), '// edited\n');
    const { output } = await run(
      'npx nx show projects --affected -t docker-build --files=monorepo/libs/ui/button.js',
    );
    expect(output.split('\n')).toContain('monorepo-web');
  });

  test('every target explains itself', async () => {
    const { output } = await run('npx nx show target python-pip:docker-deps --json');
    const { options, outputs } = JSON.parse(output.slice(output.indexOf('{')));
    expect(options.dockerfile).toBe('python-pip/Dockerfile');
    expect(outputs[0]).toContain('dist/python-pip/docker/deps');
    const help = await run('npx nx run python-pip:docker-explain --help');
    expect(help.output).toContain('--diagram');
  });
});

describe('init', () => {
  const { folder, env } = { folder: join(scratch, 'shop'), env: () => foreign('shop').env };
  const run = (line: string) => shell({ folder, env: env() }, line);

  test('--dry-run writes nothing, and a second run neither', async () => {
    const before = readFileSync(join(folder, 'nx.json'), 'utf8');
    const files = readdirSync(join(folder, 'python-uv'));
    const dry = await run('npx nx g @excel2doc/nx-stages:init --dry-run');
    expect(dry.output).toContain('CREATE node-api/.dockerignore'.replace('node-api', 'go-static'));
    expect(readdirSync(join(folder, 'go-static'))).not.toContain('.dockerignore');
    await run('npx nx g @excel2doc/nx-stages:init');
    expect(readdirSync(join(folder, 'go-static'))).toContain('.dockerignore');
    expect(readFileSync(join(folder, 'nx.json'), 'utf8')).toBe(before);
    expect(readdirSync(join(folder, 'python-uv'))).toEqual(files);
    const again = await run('npx nx g @excel2doc/nx-stages:init');
    expect(again.output).not.toMatch(/CREATE|UPDATE/);
  });

  test('suggests what would be faster, with the seconds of the last build that ran the step', async () => {
    const { output } = await run('npx nx g @excel2doc/nx-stages:init --dry-run');
    expect(output).toMatch(
      /node-api\/Dockerfile:2, stage deps\n.*\n.*target=\/root\/\.npm.*\n.*Saves: (up to \d+\.\d s, which it took when it ran last|depends on what it installs, which the last build did not run)/,
    );
  });
});

describe('bad input', () => {
  const run = (line: string) => shell(foreign('shop'), line);

  test('a broken Dockerfile is named, and the others go on', async () => {
    writeFiles(foreign('shop').folder, { 'broken/Dockerfile': 'FROM busybox:1\nCOPPY . .\n' });
    const others = await run('npx nx run go-static:docker-build');
    expect(others.status).toBe(0);
    expect(others.output).toMatch(/broken\/Dockerfile:2.*COPPY/);
    const itself = await run('npx nx run broken:docker-build');
    expect(itself.status).not.toBe(0);
    expect(itself.output).toMatch(/✗ broken\/Dockerfile:2.*COPPY.*COPY/);
    rmSync(join(foreign('shop').folder, 'broken'), { recursive: true });
  });

  test('a read-only checkout is said in one line, and docker-explain works there', async () => {
    // Nx itself wants a folder that it may write to.
    const data = { NX_WORKSPACE_DATA_DIRECTORY: join(scratch, 'nx-data') };
    const env = { ...data, NX_CACHE_DIRECTORY: join(scratch, 'nx-cache') };
    const readOnly = (target: string) =>
      shell(
        foreign('shop'),
        `unshare -rm sh -c 'mount --bind . . && mount -o remount,ro,bind . && cd "$PWD" && npx nx run go-static:${target}'`,
        env,
      );
    const explained = await readOnly('docker-explain');
    expect(explained.output).toMatch(/^(hit|rebuild) +stage-1/m);
    expect(explained.status).toBe(0);
    const planned = await readOnly('docker-plan');
    expect(planned.status).not.toBe(0);
    expect(planned.output).toMatch(/✗ \S+ cannot be written to, its file system is read-only\. /);
  });

  test('a misspelt option of a generator is named', async () => {
    const { status, output } = await run('npx nx g @excel2doc/nx-stages:init --registri=x');
    expect(status).not.toBe(0);
    expect(output).toContain("'registri' is not found in schema");
  });

  test('a workspace without a Dockerfile is set up and told what to do', async () => {
    const { folder } = foreign('shop');
    const empty = foreign('empty');
    writeFiles(empty.folder, { 'nx.json': '{}', 'package.json': '{"name":"empty"}' });
    const { status, output } = await shell(
      empty,
      `cp -al ${folder}/node_modules . && git init -q && npx nx g @excel2doc/nx-stages:init`,
    );
    expect(output).toContain('No Dockerfile here yet');
    expect(status).toBe(0);
  });

  test.each([
    ['a shallow clone', 'git clone -q --depth 1 file://$PWD'],
    ['a worktree', 'git worktree add -q'],
  ])('%s builds the same image', async (_name, command) => {
    const commit = `git add -A && ${GIT} commit -qm sets || true`;
    const { folder } = foreign('shop');
    const other = foreign(command.includes('clone') ? 'shallow' : 'worktree');
    const made = await run(
      `${commit}; ${command} ${other.folder} && cp -al node_modules ${other.folder}/ && cp docker/images.local.json ${other.folder}/docker/`,
    );
    expect(made.status, made.output).toBe(0);
    const { status, output } = await shell(other, 'npx nx run go-static:docker-build');
    expect(status, output).toBe(0);
    const digest = (root: string) => {
      const platform = engine.platform.replaceAll('/', '-');
      const file = join(root, 'dist/go-static/docker/stage-1', platform, 'image.json');
      return JSON.parse(readFileSync(file, 'utf8')).digest;
    };
    expect(digest(other.folder)).toBe(digest(folder));
  });
});
