import { readStages } from '@excel2doc/dockerfile';
import { addProjectConfiguration, type Tree } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import generate, { type DockerfileOptions } from './generator';

let tree: Tree;
beforeEach(() => {
  tree = createTreeWithEmptyWorkspace();
  addProjectConfiguration(tree, 'app', { root: 'apps/app' });
});

function generated(files: Record<string, string>, options: Partial<DockerfileOptions> = {}) {
  for (const [file, text] of Object.entries(files)) tree.write(`apps/app/${file}`, text);
  generate(tree, { project: 'app', ...options });
  const text = tree.read('apps/app/Dockerfile', 'utf8') ?? '';
  const stages = readStages(text, { file: 'Dockerfile' });
  return { text, stages: stages.map(({ name }) => name) };
}

const fastapi = { 'app/main.py': 'from fastapi import FastAPI\n\napp = FastAPI()\n' };
const poetry = '[project]\nname = "x"\nrequires-python = ">=3.13"\ndependencies = ["flask"]\n';

describe.each([
  [
    'pip',
    { 'requirements.txt': 'fastapi\nuvicorn\n', ...fastapi },
    ['builder', 'deps', 'runner'],
    'CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]',
  ],
  [
    'uv with a source folder',
    {
      'uv.lock': 'version = 1\n[[package]]\nname = "gunicorn"\n',
      'pyproject.toml': '[project]\ndependencies = ["gunicorn", "django"]\n',
      'src/shop/wsgi.py': 'application = 1\n',
    },
    ['builder', 'deps', 'runner'],
    'CMD ["gunicorn", "shop.wsgi", "--bind", "0.0.0.0:8000"]',
  ],
  [
    'Poetry',
    { 'poetry.lock': 'name = "flask"\n', 'pyproject.toml': poetry, 'app.py': 'app = Flask()\n' },
    ['builder', 'deps', 'runner'],
    'CMD ["flask", "--app", "app", "run", "--host", "0.0.0.0", "--port", "8000"]',
  ],
  [
    'npm without a build',
    {
      'package-lock.json': '{}',
      'package.json': '{"scripts":{"start":"node server.js"},"engines":{"node":">=20"}}',
    },
    ['deps', 'runner'],
    'CMD ["node", "server.js"]',
  ],
  [
    'pnpm with a build',
    {
      'pnpm-lock.yaml': '',
      'package.json':
        '{"main":"lib/index.js","packageManager":"pnpm@9.1.0","scripts":{"build":"tsc"}}',
    },
    ['deps', 'build', 'runner'],
    'CMD ["node", "lib/index.js"]',
  ],
  [
    'Go',
    { 'go.mod': 'module x\n\ngo 1.23\n', 'cmd/server/main.go': 'package main\n' },
    ['builder', 'runner'],
    'CMD ["/usr/local/bin/app"]',
  ],
  [
    'Rust',
    {
      'Cargo.lock': 'version = 4\n',
      'Cargo.toml': '[package]\nname = "shop"\n',
      'src/main.rs': '',
    },
    ['builder', 'runner'],
    'CMD ["/usr/local/bin/shop"]',
  ],
  [
    'Maven',
    {
      'pom.xml': '<project/>',
      'src/main/java/shop/Main.java':
        'package shop;\nclass Main { static void main(String[] a) {} }',
    },
    ['builder', 'deps', 'runner'],
    'CMD ["java", "-cp", "/srv/app/own/*:/srv/app/lib/*", "shop.Main"]',
  ],
  [
    'Spring Boot by Maven',
    {
      'pom.xml':
        '<project><parent><artifactId>spring-boot-starter-parent</artifactId><version>3.5.8</version></parent>' +
        '<artifactId>spring-boot-maven-plugin</artifactId></project>',
    },
    ['builder', 'deps', 'runner'],
    'CMD ["java", "-jar", "app.jar"]',
  ],
  [
    'Gradle',
    {
      'build.gradle.kts':
        'plugins {\n  java\n  application\n}\napplication {\n  mainClass = "shop.Main"\n}\n',
    },
    ['builder', 'deps', 'runner'],
    'CMD ["java", "-cp", "/srv/app/own/*:/srv/app/lib/*", "shop.Main"]',
  ],
])('for %s', (_, files, stages, command) => {
  test('the stages are those of its kind, and what runs is found', () => {
    const result = generated(files);
    expect(result.stages).toEqual(stages);
    expect(result.text).toContain(`\n${command}\n`);
  });

  test('packages are cached, what installs them apart is bound, and nobody runs as root', () => {
    const { text } = generated(files);
    expect(text).toMatch(/--mount=type=cache,target=/);
    // Cargo, Gradle and Spring Boot install and build in one.
    if (!/cargo install|gradle --|jarmode/.test(text))
      expect(text).toMatch(/--mount=type=bind,source=[\w.-]+,target=\/(src|lock)\//);
    expect(text).toMatch(/^USER (app|node|10001:10001)$/m);
    expect(text).not.toMatch(/^CMD [^[]/m);
    const last = text.slice(text.lastIndexOf('FROM'));
    expect(last).not.toMatch(/pip|npm|pnpm|go build|cargo|mvn|gradle/);
    const hasPort = /^EXPOSE /m.test(last) && !text.includes('FROM scratch');
    expect(text.includes('HEALTHCHECK --interval')).toBe(hasPort);
  });
});

test('a requirements file brings those that it names', () => {
  const { text } = generated({
    'requirements.txt': '-r requirements/base.txt\nfastapi\n',
    'requirements/base.txt': '-c ../constraints.txt\nhttpx\n',
    'constraints.txt': 'httpx<1\n',
  });
  for (const file of ['requirements.txt', 'requirements/base.txt', 'constraints.txt'])
    expect(text).toContain(`source=${file},target=/src/${file}`);
});

test('the version of the language comes from the project', () => {
  expect(generated({ 'poetry.lock': '', 'pyproject.toml': poetry }).text).toContain(
    'FROM python:3.13-slim-bookworm',
  );
});

test('options stand above what the files say', () => {
  const { text } = generated(
    { 'requirements.txt': 'fastapi\nuvicorn\n', ...fastapi },
    { languageVersion: '3.14', command: ['serve'], port: 9000, healthPath: '/health' },
  );
  expect(text).toContain('FROM python:3.14-bookworm');
  expect(text).toContain('CMD ["serve"]');
  expect(text).toContain('EXPOSE 9000');
  expect(text).toContain("urlopen('http://127.0.0.1:9000/health'");
});

test('a .dockerignore is written, and one that is there is kept', () => {
  generated({ 'requirements.txt': '' });
  expect(tree.read('apps/app/.dockerignore', 'utf8')).toContain('.env\n');
  tree.delete('apps/app/Dockerfile');
  generated({ '.dockerignore': 'mine\n' });
  expect(tree.read('apps/app/.dockerignore', 'utf8')).toBe('mine\n');
});

test('files of the workspace that a build would need are seen, up to its root and no further', () => {
  tree.write('Cargo.toml', '[workspace]\nmembers = ["apps/*"]\n');
  const files = { 'Cargo.toml': '[package]\nname = "shop"\n', 'src/main.rs': '' };
  expect(() => generated(files)).toThrow('Cargo builds it in the workspace of Cargo.toml');
  const outside = `${files['Cargo.toml']}[workspace]\nmembers = ["../../../x", "../../../*"]\n`;
  expect(() => generated({ ...files, 'Cargo.lock': '', 'Cargo.toml': outside })).toThrow(
    'Cargo.toml has a member in ../x, outside',
  );
});

describe('is refused in one line', () => {
  test.each([
    [{}, {}, 'apps/app: no file says what it is built with'],
    [{ 'pyproject.toml': '' }, {}, 'pyproject.toml has no lock file beside it'],
    [{ 'package.json': '{}' }, {}, 'Run `npm install`'],
    [{ 'go.mod': '' }, { kind: 'node-npm' as const }, 'node-npm needs package-lock.json'],
    [{ 'go.mod': '' }, { healthPath: 'health' }, '--healthPath=health is no path'],
    [{ 'go.mod': '', Dockerfile: 'FROM x\n' }, {}, 'nothing is overwritten'],
  ])('%j %j', (files, options, message) => {
    expect(() => generated(files, options)).toThrow(message);
    expect(tree.read('apps/app/Dockerfile', 'utf8') ?? 'FROM x\n').toBe('FROM x\n');
    expect(tree.exists('apps/app/.dockerignore')).toBe(false);
  });
});
