import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InferredWorkspace } from '../testing/inferred';

let workspace: InferredWorkspace;
beforeEach(() => {
  workspace = new InferredWorkspace();
});
afterEach(() => workspace.remove());

const GIT_IGNORE = { '.gitignore': 'dist\n/public\nout/\n' };
const json = (value: object) => JSON.stringify(value);
const plan = (files: Record<string, string>, root: string) =>
  workspace.infer({ ...GIT_IGNORE, ...files })[root]?.targets?.['docker-plan'];

describe('an image that copies what a target makes', () => {
  test.each<[string, object, string]>([
    ['{projectRoot}/dist', { outputs: ['{projectRoot}/dist'] }, 'dist'],
    ['a folder below it', { outputs: ['{projectRoot}/dist'] }, 'dist/assets'],
    ['a folder above it', { outputs: ['{projectRoot}/dist/main'] }, 'dist'],
    ['a glob', { outputs: ['{projectRoot}/dist/**/*.js'] }, 'dist/main.js'],
    [
      'an option',
      { outputs: ['{options.outputPath}'], options: { outputPath: 'apps/web/dist' } },
      'dist',
    ],
    ['outputPath alone', { options: { outputPath: 'apps/web/dist' } }, 'dist'],
    [
      "a configuration's",
      { outputs: ['{options.to}'], configurations: { ci: { to: 'apps/web/dist' } } },
      'dist',
    ],
  ])('waits for it: %s', (_what, target, path) => {
    const files = {
      'apps/web/project.json': json({ name: 'web', targets: { bundle: target } }),
      'apps/web/Dockerfile': `FROM a\nCOPY ${path} /srv/\n`,
    };
    expect(plan(files, 'apps/web')).toMatchObject({
      dependsOn: ['bundle'],
      options: { context: 'apps/web' },
    });
  });

  test('waits for the target of another project, and has an edge to it', () => {
    const files = {
      'apps/web/project.json': json({
        name: 'web',
        targets: { build: { outputs: ['{workspaceRoot}/dist/{projectRoot}'] }, lint: {} },
      }),
      'apps/other/project.json': json({
        name: 'other',
        targets: { build: { outputs: ['{workspaceRoot}/dist/apps/other'] } },
      }),
      'docker/gateway/Dockerfile':
        'FROM a\nRUN --mount=type=bind,source=dist/apps/web,target=/w x\n',
    };
    const projects = workspace.infer({ ...GIT_IGNORE, ...files });
    expect(projects['docker/gateway']?.targets?.['docker-plan']).toMatchObject({
      dependsOn: [{ projects: ['web'], target: 'build' }],
      options: { context: '.' },
    });
    // The edge comes of all that plugins infer, so it needs no declaration that we can read.
    const web = {
      'apps/web': {
        name: 'web',
        root: 'apps/web',
        targets: { build: { outputs: ['{workspaceRoot}/dist/apps/web'] } },
      },
    };
    expect(workspace.dependencies({ ...projects, ...web })).toEqual([
      { source: 'gateway', target: 'web', type: 'implicit' },
    ]);
  });

  test('that nx.json declares for its name waits for it', () => {
    const context = { targetDefaults: { bundle: { outputs: ['{projectRoot}/out'] } } };
    const files = {
      ...GIT_IGNORE,
      'web/project.json': json({ name: 'web', targets: { bundle: {} } }),
      'web/Dockerfile': 'FROM a\nCOPY out /srv/\n',
    };
    const projects = workspace.infer(files, {}, context);
    expect(projects['web']?.targets?.['docker-plan']?.dependsOn).toEqual(['bundle']);
  });

  test('which a plugin infers waits for what the plugin is told to call it', () => {
    const nxJson = {
      plugins: [{ plugin: '@nx/vite/plugin', options: { buildTargetName: 'vite:build' } }],
    };
    const files = {
      ...GIT_IGNORE,
      'apps/web/package.json': json({ name: '@shop/web' }),
      'apps/web/Dockerfile': 'FROM a\nCOPY dist /srv/\n',
    };
    const plan = workspace.infer(files, {}, nxJson)['apps/web']?.targets?.['docker-plan'];
    expect(plan?.dependsOn).toEqual(['build', 'vite:build']);
  });

  test('waits for nothing that makes something else, or that comes with a whole project', () => {
    const targets = {
      build: { outputs: ['{projectRoot}/dist'] },
      test: { outputs: ['{projectRoot}/coverage'] },
    };
    const files = (dockerfile: string) => ({
      'web/project.json': json({ name: 'web', targets }),
      'web/src/main.js': '',
      'web/public/index.html': '',
      'web/Dockerfile': dockerfile,
    });
    for (const copy of ['src', '.', 'public src', 'Dockerfile'])
      expect(plan(files(`FROM a\nCOPY ${copy} /srv/\n`), 'web')?.dependsOn).toBeUndefined();
  });

  test('waits for what is made in a folder that git knows', () => {
    const targets = { css: { outputs: ['{projectRoot}/static/css'] } };
    const files = {
      'web/project.json': json({ name: 'web', targets }),
      'web/static/index.html': '',
      'web/Dockerfile': 'FROM a\nCOPY static /srv/\n',
    };
    expect(plan(files, 'web')?.dependsOn).toEqual(['css']);
  });
});

describe('the context', () => {
  const dockerfile = {
    'apps/web/project.json': '{"name":"web"}',
    'apps/web/Dockerfile': 'FROM a\nCOPY dist /srv/\n',
  };
  const built = { 'dist/apps/other/secret.txt': 'x', 'apps/web/dist/main.js': '' };

  test('is never the workspace because only the workspace has a dist, and what is built changes nothing', () => {
    const before = plan(dockerfile, 'apps/web');
    expect(before?.options.context).toBe('apps/web');
    expect(plan({ ...dockerfile, 'dist/apps/other/secret.txt': 'x' }, 'apps/web')).toEqual(before);
    expect(plan({ ...dockerfile, ...built }, 'apps/web')).toEqual(before);
  });

  test('is not the workspace where its package.json has a script called build either', () => {
    const root = {
      'package.json': json({ name: 'root', nx: {}, scripts: { build: 'nx run-many -t build' } }),
    };
    expect(plan({ ...root, ...dockerfile }, 'apps/web')?.options.context).toBe('apps/web');
  });

  test('is chosen by the files that git knows, not by what lies about', () => {
    const files = {
      '.gitignore': 'dist\n*.local\n',
      'config.local': '',
      'apps/web/project.json': '{}',
      'apps/web/.gitignore': '/made\n',
      'apps/web/made/a.txt': '',
      'made/a.txt': '',
      'apps/web/Dockerfile': 'FROM a\nCOPY made config.local /srv/\n',
    };
    expect(workspace.infer(files)['apps/web']?.targets?.['docker-plan']?.options.context).toBe('.');
  });
});
