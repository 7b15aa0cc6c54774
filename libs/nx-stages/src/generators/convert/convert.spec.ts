import {
  type NxJsonConfiguration,
  type ProjectConfiguration,
  type Tree,
  addProjectConfiguration,
  readNxJson,
  readProjectConfiguration,
  updateNxJson,
} from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import generate from './generator';
import { flagsOf } from './nx-docker';

let tree: Tree;
beforeEach(() => {
  tree = createTreeWithEmptyWorkspace();
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
});

const DOCKERFILE = 'FROM python:3.12 AS deps\nFROM deps AS test\nFROM deps AS runner\n';

function workspace(targets: ProjectConfiguration['targets'], nxJson: NxJsonConfiguration = {}) {
  updateNxJson(tree, nxJson);
  addProjectConfiguration(tree, 'shop', { root: 'apps/shop', targets: targets ?? {} });
  tree.write('apps/shop/Dockerfile', DOCKERFILE);
}

function converted() {
  generate(tree, {});
  return {
    targets: readProjectConfiguration(tree, 'shop').targets ?? {},
    plugins: readNxJson(tree)?.plugins,
    report: tree.read('docker-conversion.md', 'utf8') ?? '',
  };
}

/** The lines of one section of the report. */
function section(report: string, title: string): string {
  return report.split('## ').find((part) => part.startsWith(title)) ?? '';
}

describe('a target of @nx-tools/nx-container', () => {
  const executor = '@nx-tools/nx-container:build';

  test('gives what it was told to the inferred targets, and its name to them', () => {
    workspace({
      container: {
        executor,
        dependsOn: ['build'],
        options: {
          context: 'apps/shop',
          file: '{projectRoot}/Dockerfile',
          'build-args': ['VERSION=1', 'TOKEN'],
          platforms: ['linux/amd64', 'linux/arm64'],
          target: 'test',
          push: true,
          tags: ['registry.test/team/shop:1.0', 'registry.test/team/shop:latest'],
          'cache-from': ['type=registry,ref=x'],
          secrets: ['npm=${NPM}'],
          load: false,
        },
        configurations: { production: { push: true } },
      },
    });
    const { targets, report } = converted();
    expect(targets).toEqual({
      container: { executor: 'nx:noop', dependsOn: ['docker-build', 'docker-push'] },
      'docker-plan': {
        dependsOn: ['build'],
        options: {
          buildArgs: { VERSION: '1' },
          platforms: ['linux/amd64', 'linux/arm64'],
          secrets: ['id=npm,env=NPM'],
        },
      },
      'docker-explain': {
        options: { buildArgs: { VERSION: '1' }, platforms: ['linux/amd64', 'linux/arm64'] },
      },
      'docker-build': {
        dependsOn: ['docker-test'],
        options: { stage: 'test', image: 'registry.test/team/shop' },
      },
      'docker-push': {
        dependsOn: ['docker-test'],
        options: {
          stage: 'test',
          image: 'registry.test/team/shop',
          repository: 'registry.test/team/shop',
        },
      },
    });
    expect(section(report, 'No longer needed')).toContain('| shop | cache-from |');
    expect(targets['docker-plan']?.options).toMatchObject({ secrets: ['id=npm,env=NPM'] });
    const toDo = section(report, 'To do');
    expect(toDo).toContain('--buildArgs.TOKEN=');
    expect(toDo).toContain('configuration production');
    expect(toDo).toContain('for 1.0, registry.test/team/shop:latest give --tag');
    expect(report).not.toContain('| load |');
  });

  test('hands over labels, tags, secrets and agents, and names what it cannot', () => {
    workspace({
      container: {
        executor,
        options: {
          context: 'apps/shop',
          labels: ['vendor=Acme', 'build=${BUILD}'],
          secrets: ['given=s3cret'],
          'secret-files': ['pip=./pip.conf'],
          ssh: ['default'],
          'cache-from': ['type=gha'],
          'cache-to': ['type=gha,mode=max'],
          metadata: {
            images: ['registry.test/team/shop'],
            tags: ['type=ref,event=branch', 'type=pep440,pattern={{version}}'],
            annotations: ['index:a=b'],
          },
        },
      },
    });
    const { targets, report } = converted();
    expect(targets['docker-plan']?.options).toEqual({
      secrets: ['id=pip,src=./pip.conf'],
      ssh: ['default'],
    });
    for (const name of ['docker-build', 'docker-push'])
      expect(targets[name]?.options).toMatchObject({
        labels: ['vendor=Acme'],
        annotations: ['index:a=b'],
        tags: ['type=ref,event=branch'],
      });
    const toDo = section(report, 'To do');
    expect(toDo).toContain('labels build');
    expect(toDo).toContain('metadata.tags type=pep440');
    expect(toDo).toContain('"id=given,env=VARIABLE"');
    expect(report).not.toContain('s3cret');
    expect(section(report, 'No longer needed')).toContain('| shop | cache-to |');
  });

  test('without options read the whole workspace, and still does', () => {
    workspace({ container: { executor } });
    const { targets } = converted();
    const names = ['plan', 'explain', 'deps', 'test', 'runner', 'build', 'push'];
    for (const name of names) expect(targets[`docker-${name}`]?.options).toEqual({ context: '.' });
  });

  test('takes the defaults of nx.json into account', () => {
    workspace(
      { container: { executor, options: { context: 'apps/shop' } } },
      { targetDefaults: { [executor]: { options: { 'build-args': ['A=1'] }, dependsOn: ['x'] } } },
    );
    expect(converted().targets['docker-plan']).toEqual({
      dependsOn: ['x'],
      options: { buildArgs: { A: '1' } },
    });
  });

  test('whose Dockerfile is not found is left as it is', () => {
    const container = { executor, options: { file: 'docker/shop.Dockerfile' } };
    workspace({ container });
    tree.write('docker/shop.Dockerfile', DOCKERFILE);
    const { targets, report } = converted();
    expect(targets).toEqual({ container });
    expect(section(report, 'To do')).toContain('rename docker/shop.Dockerfile');
  });
});

test('a broken Dockerfile is named, and the others are converted', () => {
  const container = { executor: '@nx-tools/nx-container:build' };
  workspace({ container });
  addProjectConfiguration(tree, 'bad', { root: 'apps/bad', targets: { container } });
  tree.write('apps/bad/Dockerfile', 'FRM x\n');
  const { targets, report } = converted();
  expect(targets['container']?.executor).toBe('nx:noop');
  expect(section(report, 'To do')).toMatch(/\| bad \| container \| not converted: .*FRM/);
  expect(readProjectConfiguration(tree, 'bad').targets).toEqual({ container });
});

test('a second image of a project is named, and left', () => {
  const container = { executor: '@nx-tools/nx-container:build' };
  workspace({ container, worker: container });
  const { targets, report } = converted();
  expect(targets['worker']).toEqual(container);
  expect(section(report, 'To do')).toContain('| shop | worker | not converted');
});

describe('the plugin @nx/docker', () => {
  const plugin = (options?: object) => ({
    plugins: [
      '@nx/js',
      { plugin: '@nx/docker', include: ['apps/**'], ...(options && { options }) },
    ],
  });

  test('gives way to this one, and its target keeps its name', () => {
    workspace({ serve: { command: 'x' } }, plugin());
    const { targets, plugins, report } = converted();
    expect(plugins).toEqual(['@nx/js', { plugin: '@excel2doc/nx-stages', include: ['apps/**'] }]);
    expect(targets['serve']).toEqual({ command: 'x' });
    expect(targets['docker:build']).toEqual({ executor: 'nx:noop', dependsOn: ['docker-build'] });
    expect(targets['docker-plan']).toEqual({ dependsOn: ['build', '^build'] });
    expect(section(report, 'To do')).toContain('apps-shop:latest');
  });

  test('hands over its arguments, which stand for every project', () => {
    workspace(
      {},
      plugin({
        buildTarget: {
          name: 'image',
          skipDefaultTag: true,
          args: [
            '--tag team/{projectName}',
            '--build-arg SHA={commitSha} --build-arg=ROOT={projectRoot}',
            '--target deps',
            '--network host',
          ],
        },
        runTarget: 'start',
      }),
    );
    const { targets, report } = converted();
    expect(targets['image']?.executor).toBe('nx:noop');
    expect(targets['docker-plan']?.options).toEqual({ buildArgs: { ROOT: 'apps/shop' } });
    expect(targets['docker-build']?.options).toEqual({ stage: 'deps', image: 'team/shop' });
    expect(section(report, 'To do')).toContain('--buildArgs.SHA=');
    expect(section(report, 'Without an equivalent')).toContain('| shop | network |');
    expect(section(report, 'To do')).toContain('| nx.json | runTarget |');
  });

  test('overridden in a project counts as the project says', () => {
    workspace(
      { 'docker:build': { dependsOn: [], options: { args: ['--platform=linux/arm64'] } } },
      plugin(),
    );
    expect(converted().targets['docker-plan']).toEqual({ options: { platforms: ['linux/arm64'] } });
  });

  test('with a registry for releases hands it to the plugin', () => {
    workspace({}, {
      ...plugin(),
      release: { docker: { registryUrl: 'registry.test' } },
    } as NxJsonConfiguration);
    const { plugins, report } = converted();
    expect(plugins?.at(-1)).toMatchObject({ options: { registry: 'registry.test' } });
    expect(section(report, 'To do')).toContain('release.docker');
  });
});

test('what this plugin was told already stays', () => {
  const own = { plugin: '@excel2doc/nx-stages', options: { imageName: 'team/{projectName}' } };
  workspace({}, { plugins: [own, '@nx/docker'] });
  expect(converted().plugins).toEqual([own]);
});

test('one project alone leaves the plugins to the others', () => {
  workspace({}, { plugins: ['@nx/docker'] });
  generate(tree, { project: 'shop' });
  expect(readNxJson(tree)?.plugins).toEqual(['@nx/docker']);
  expect(() => generate(tree, { project: 'ship' })).toThrow('There is no project "ship"');
});

test('a workspace with neither is told so, and nothing is written', () => {
  workspace({ build: { command: 'x' } });
  expect(() => generate(tree, {})).toThrow('Nothing to convert');
  expect(tree.exists('docker-conversion.md')).toBe(false);
});

test.each([
  [
    ['--tag a --load', '-f', 'x/Dockerfile', '.'],
    [
      ['tag', 'a'],
      ['load', 'true'],
      ['file', 'x/Dockerfile'],
    ],
  ],
  [
    '--build-arg=A=b=c -t n',
    [
      ['build-arg', 'A=b=c'],
      ['tag', 'n'],
    ],
  ],
  [undefined, []],
])('the arguments %j are read', (args, flags) => {
  expect(flagsOf(args)).toEqual(flags);
});
