// Takes 90 s.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addProjectConfiguration } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ScratchProject, scratchProject } from '../../testing/scratch-project';
import generate, { type DockerfileOptions } from './generator';

/**
 * Node and Go build on stand-ins that take minutes to make where no registry answers. Set it to build
 * them too: `tools/bases/cli.ts node:20-bookworm node:20-bookworm-slim golang:1.23-bookworm` first.
 */
const all = process.env['BUILD_ALL'] === 'true';

// Packages are downloaded and installed: minutes on a busy machine.
vi.setConfig({ testTimeout: 900_000, hookTimeout: 120_000 });

let project: ScratchProject;
beforeEach(async () => (project = await scratchProject()));
afterEach(() => project.remove());

/** Has the generator write, builds the image, and runs it. */
async function built(
  files: Record<string, string>,
  options: Partial<DockerfileOptions>,
  command?: string[],
) {
  const tree = createTreeWithEmptyWorkspace();
  addProjectConfiguration(tree, 'app', { root: 'app' });
  for (const [file, text] of Object.entries(files)) tree.write(`app/${file}`, text);
  generate(tree, { project: 'app', ...options });
  const written = tree.listChanges().filter(({ path }) => /^app\/(?!project\.json)/.test(path));
  await project.write(
    Object.fromEntries(written.map(({ path, content }) => [path, String(content)])),
  );
  await project.run('docker-build');
  const { stdout } = await project.engine.run({
    image: `${project.name}:dev`,
    readOnly: true,
    network: 'none',
    ...(command && { command }),
  });
  return stdout.trim();
}

const pyproject = `[project]
name = "shop"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["itsdangerous==2.2.0"]
`;
const script = `import os, shutil, sys
import itsdangerous

print(os.getuid(), shutil.which("gcc") or shutil.which("uv"), sys.prefix, itsdangerous.__name__)
`;

const INDEX = `$(python3 -c 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)')`;

/**
 * pyproject.toml and the lock file, made by uv or Poetry itself: they name where packages come from.
 * Poetry is told to ask the index as pip does: not every mirror has the other interface.
 */
async function locked(tool: 'uv' | 'poetry'): Promise<Record<string, string>> {
  const reference = 'python:3.12-bookworm';
  await project.write({
    'lock/pyproject.toml': pyproject,
    'lock/Dockerfile': [
      `FROM ${reference} AS lock`,
      `RUN --mount=type=cache,target=/root/.cache/pip pip install ${tool}`,
      'WORKDIR /src',
      'COPY pyproject.toml ./',
      ...(tool === 'poetry' ? [`RUN poetry source add simple "${INDEX}"`] : []),
      `RUN ${tool} lock`,
      'FROM scratch',
      `COPY --from=lock /src/pyproject.toml /src/${tool}.lock /`,
    ].join('\n'),
  });
  const base = project.bases.context(reference, project.engine.platform) ?? '';
  const folder = join(project.root, 'lock');
  await project.engine.buildxCommand([
    ...['build', '--output', `type=local,dest=${folder}/out`],
    ...['--build-context', `${reference}=${base}`, folder],
  ]);
  const names = ['pyproject.toml', `${tool}.lock`];
  const read = (name: string) => readFile(join(folder, 'out', name), 'utf8');
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await read(name)] as const)),
  );
}

const python = '10001 None /opt/venv itsdangerous';

test('what is written for pip builds, and runs as nobody with no compiler', async () => {
  const files = { 'requirements.txt': 'itsdangerous==2.2.0\n', 'main.py': script };
  expect(await built(files, {})).toBe(python);
});

test('what is written for uv builds from its lock file', async () => {
  expect(await built({ ...(await locked('uv')), 'main.py': script }, {})).toBe(python);
});

test('what is written for Poetry builds from its lock file', async () => {
  expect(await built({ ...(await locked('poetry')), 'main.py': script }, {})).toBe(python);
});

const node = {
  'server.js': 'console.log(process.getuid(), process.env.NODE_ENV, __filename)\n',
  'package.json': JSON.stringify({
    name: 'shop',
    version: '1.0.0',
    main: 'dist/server.js',
    scripts: { build: 'mkdir -p dist && cp server.js dist/' },
  }),
};

describe('on bases that take minutes to make', () => {
  beforeEach(({ skip }) => skip(!all, 'BUILD_ALL=true is not set'));

  test.each([
    [
      'npm',
      {
        'package-lock.json': JSON.stringify({
          name: 'shop',
          version: '1.0.0',
          lockfileVersion: 3,
          packages: { '': { name: 'shop', version: '1.0.0' } },
        }),
      },
    ],
    ['pnpm', { 'pnpm-lock.yaml': "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n" }],
  ])('what is written for %s builds what the build script makes', async (_manager, lock) => {
    expect(await built({ ...node, ...lock }, { languageVersion: '20' })).toBe(
      '1000 production /srv/app/dist/server.js',
    );
  });

  test('what is written for Go is a program and nothing else', async () => {
    const files = {
      'go.mod': 'module shop\n\ngo 1.23\n',
      'main.go':
        'package main\n\nimport ("fmt"; "os")\n\nfunc main() { fmt.Println(os.Getuid()) }\n',
    };
    expect(await built(files, {})).toBe('10001');
  });
});
