import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createNodes } from './create-nodes';

let workspaceRoot: string;

beforeEach(() => {
  workspaceRoot = mkdtempSync(join(tmpdir(), 'create-nodes-'));
});
afterEach(() => rmSync(workspaceRoot, { recursive: true }));

function infer(files: Record<string, string>, options = {}) {
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(workspaceRoot, file)), { recursive: true });
    writeFileSync(join(workspaceRoot, file), text);
  }
  const found = Object.keys(files).filter((file) => /Dockerfile$|compose\.ya?ml$/.test(file));
  const results = createNodes(found, options, { workspaceRoot, nxJsonConfiguration: {} });
  return Object.assign({}, ...results.map(([, { projects }]) => projects));
}

describe('a Dockerfile', () => {
  const twoStages = 'FROM a AS deps\nRUN x\nFROM deps AS runner\nCOPY app app\n';

  test('gives each stage a task that depends on the stages below it', () => {
    const { 'apps/api': api } = infer({
      'apps/api/project.json': '{"name":"api"}',
      'apps/api/app/main.py': '',
      'apps/api/Dockerfile': twoStages,
    });
    expect(api.name).toBe('api');
    expect(api.targets['docker-runner']).toMatchObject({
      cache: true,
      dependsOn: ['docker-deps'],
    });
    expect(api.targets['docker-build'].dependsOn).toEqual(['docker-runner']);
  });

  test('tells what makes plans how layers are compressed, and no other target', () => {
    const files = { 'apps/api/Dockerfile': twoStages };
    const targets = (options: object) =>
      infer(files, options)['apps/api'].targets as Record<string, { options: object }>;
    const told = Object.entries(targets({ compression: 'zstd' })).filter(
      ([, { options }]) => 'compression' in options,
    );
    expect(told.map(([name]) => name)).toEqual(['docker-plan', 'docker-explain']);
    expect(targets({ compression: 'gzip' })).toEqual(targets({}));
  });

  test('tells a layer a package to what makes plans, and nothing of the default', () => {
    const targets = (options: object) =>
      infer({ 'apps/api/Dockerfile': twoStages }, options)['apps/api'].targets as Record<
        string,
        { options: object }
      >;
    const told = Object.entries(targets({ layering: 'package' })).filter(
      ([, { options }]) => 'layering' in options,
    );
    expect(told.map(([name]) => name).sort()).toEqual(['docker-explain', 'docker-plan']);
    expect(targets({ layering: 'stage' })).toEqual(targets({}));
  });

  test('is pushed when its last stage is built, to the registry that the plugin is given', () => {
    const files = { 'apps/api/Dockerfile': twoStages };
    const { 'apps/api': api } = infer(files, { registry: 'registry.test/team' });
    expect(api.targets['docker-push']).toMatchObject({
      cache: false,
      dependsOn: ['docker-runner'],
      options: { stage: 'runner', repository: 'registry.test/team/api' },
    });
    expect(infer(files)['apps/api'].targets['docker-push'].options).not.toHaveProperty(
      'repository',
    );
  });

  test('keeps layers where the plugin is told to, and builds where it is told to', () => {
    const files = { 'apps/api/Dockerfile': twoStages };
    const builders = { 'linux/arm64': 'arm-machine', '*': ['one', 'two'] };
    const repository = 'registry.test/team/layers';
    const { 'apps/api': api } = infer(files, {
      builders,
      blobStore: { kind: 'registry', repository },
    });
    expect(api.targets['docker-deps'].options).toMatchObject({
      builders,
      layerRepository: repository,
    });
    const cached = infer(files, { blobStore: { kind: 'remote-cache' } });
    expect(cached['apps/api'].targets['docker-deps'].options).toMatchObject({
      layersInCache: true,
    });
    const inline = infer(files, { blobStore: { kind: 'inline' } });
    expect(inline['apps/api'].targets['docker-deps'].options).not.toHaveProperty('layerRepository');
    expect(() => infer(files, { blobStore: { kind: 'registry' } })).toThrow(/nx\.json: blobStore/);
  });

  test('has cache mounts kept where something is run, once the plugin is told to', () => {
    const optionsOf = (stage: string, cacheMounts: unknown) =>
      infer({ 'apps/api/Dockerfile': twoStages }, { cacheMounts })['apps/api'].targets[
        `docker-${stage}`
      ].options as Record<string, unknown>;
    expect(optionsOf('deps', true)['cacheMounts']).toEqual({ budget: '2GB' });
    expect(optionsOf('deps', { budget: '1GB', others: ['/x'] })['cacheMounts']).toEqual({
      budget: '1GB',
      others: ['/x'],
    });
    for (const options of [optionsOf('runner', true), optionsOf('deps', false)])
      expect(options).not.toHaveProperty('cacheMounts');
    for (const wrong of [
      '2GB',
      [],
      null,
      { budget: '2 gigabytes' },
      { size: '1GB' },
      { others: [1] },
    ])
      // prettier-ignore
      expect(() => optionsOf('deps', wrong)).toThrow(/nx\.json: option "cacheMounts" of .* has to be/);
  });

  test('counts as input what a trigger of its base copies', () => {
    const { 'apps/api': api } = infer({
      'docker/images.lock.json': JSON.stringify({
        format: 1,
        images: { a: { digest: `sha256:${'1'.repeat(64)}`, onbuild: ['COPY web /web'] } },
      }),
      'apps/api/Dockerfile': twoStages,
    });
    expect(api.targets['docker-plan'].inputs).toContain('{workspaceRoot}/apps/api/web/**/*');
  });

  test('has no digest and no file content in any target', () => {
    const first = infer({ 'apps/api/Dockerfile': twoStages, 'apps/api/app/a': '1' });
    const second = infer({ 'apps/api/Dockerfile': twoStages, 'apps/api/app/a': '2' });
    expect(second).toEqual(first);
  });

  test('that copies from the workspace has that as its context, and says for nx affected alone what it reads', () => {
    const { 'apps/api': api } = infer({
      'apps/api/Dockerfile': 'FROM a AS runner\nCOPY libs/prices /prices\nCOPY apps/api/app /app\n',
      'libs/prices/prices.py': '',
    });
    expect(api.targets['docker-plan'].options).toMatchObject({ context: '.' });
    expect(api.targets['docker-plan'].inputs).toEqual([
      '{workspaceRoot}/.dockerignore',
      '{workspaceRoot}/.dockerignore/**/*',
      '{workspaceRoot}/docker/images.lock.json',
      '{workspaceRoot}/docker/images.lock.json/**/*',
      '{workspaceRoot}/apps/api/app',
      '{workspaceRoot}/apps/api/app/**/*',
      '{workspaceRoot}/libs/prices',
      '{workspaceRoot}/libs/prices/**/*',
    ]);
    expect(api.targets['docker-runner'].inputs).toEqual([{ externalDependencies: [] }]);
  });

  test('keeps the output of a stage called plan apart from the plans', () => {
    const { 'apps/api': api } = infer({
      'apps/api/Dockerfile': 'FROM a AS plan\nFROM plan AS runner\n',
    });
    expect(api.targets['docker-plan'].outputs).toEqual([
      '{workspaceRoot}/dist/apps/api/docker/plan',
    ]);
    expect(api.targets['docker-stage-plan'].outputs).toEqual([
      '{workspaceRoot}/dist/apps/api/docker/stage-plan',
    ]);
    expect(api.targets['docker-runner'].inputs).toContainEqual({
      dependentTasksOutputFiles: '**/docker/stage-plan/**/image.json',
    });
  });

  test('below a project belongs to that project', () => {
    const projects = infer({
      'apps/api/package.json': '{"name":"@x/api"}',
      'apps/api/docker/Dockerfile': twoStages,
    });
    expect(Object.keys(projects)).toEqual(['apps/api']);
  });

  test('that is broken leaves the others alone and says so when it is built', () => {
    const projects = infer({ 'apps/bad/Dockerfile': 'FRM a\n', 'apps/good/Dockerfile': twoStages });
    expect(projects['apps/good'].targets).toHaveProperty('docker-runner');
    expect(projects['apps/bad'].targets['docker-build'].dependsOn).toEqual(['docker-plan']);
  });
});

test('a Compose file that is broken takes only its own targets away', () => {
  const projects = infer({
    'apps/api/Dockerfile': 'FROM a\n',
    'docker/compose.yaml': 'services: [',
  });
  expect(projects['apps/api'].targets).not.toHaveProperty('compose-up');
  expect(projects['apps/api'].targets).toHaveProperty('docker-build');
});

test('an option that does not exist is named', () => {
  expect(() => infer({}, { imageNmae: 'x' })).toThrow('no option "imageNmae"');
});
