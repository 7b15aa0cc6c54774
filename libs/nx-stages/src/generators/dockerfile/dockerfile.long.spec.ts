// Takes 90 s.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addProjectConfiguration, type ExecutorContext } from '@nx/devkit';
import { createTreeWithEmptyWorkspace } from '@nx/devkit/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import dockerAudit from '../../executors/docker-audit/executor';
import { type ScratchProject, scratchProject } from '../../testing/scratch-project';
import generate, { type DockerfileOptions } from './generator';

/**
 * The others build on stand-ins that take minutes to make where no registry answers. Set it to build
 * them too, after `tools/bases/cli.ts` with the names of TEST_RECIPES in tools/bases/recipe.ts.
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
  return ran(command);
}

async function ran(command?: string[]): Promise<string> {
  const { stdout } = await project.engine.run({
    image: `${project.name}:dev`,
    readOnly: true,
    network: 'none',
    ...(command && { command }),
  });
  return stdout.trim();
}

/** The layers of what was built last. */
async function layers(): Promise<string[]> {
  const platform = project.engine.platform.replaceAll('/', '-');
  const path = join(project.root, 'dist/app/docker/runner', platform, 'image.json');
  const record = JSON.parse(await readFile(path, 'utf8')) as { layers: { digest: string }[] };
  return record.layers.map(({ digest }) => digest);
}

/** Has docker-audit look at what was built; a project without Compose has no target for it. */
async function audited(): Promise<void> {
  const { root, name } = project;
  const projectsConfigurations = { version: 2, projects: { [name]: { root: 'app' } } };
  const context = { root, cwd: root, projectName: name, projectsConfigurations };
  const { success } = await dockerAudit(
    {
      dockerfile: 'app/Dockerfile',
      context: 'app',
      lockFile: 'docker/images.lock.json',
      stage: 'runner',
      budgetMiB: 200,
      json: false,
    },
    context as unknown as ExecutorContext,
  );
  expect(success).toBe(true);
}

/** Edits what was built, audits the image, builds and runs it again. @returns how many layers are others */
async function changed(file: string, from: string, to: string) {
  await audited();
  const before = await layers();
  const path = join(project.root, 'app', file);
  const text = await readFile(path, 'utf8');
  expect(text).toContain(from);
  await project.write({ [`app/${file}`]: text.replace(from, to) });
  await project.run('docker-build');
  const after = await layers();
  expect(after).toHaveLength(before.length);
  return { stdout: await ran(), moved: after.filter((each) => !before.includes(each)).length };
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

  const crate = {
    'Cargo.toml':
      '[package]\nname = "shop"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\nitoa = "1"\n',
    'Cargo.lock': [
      'version = 3',
      '[[package]]\nname = "itoa"\nversion = "1.0.18"',
      'source = "registry+https://github.com/rust-lang/crates.io-index"',
      'checksum = "8f42a60cbdf9a97f5d2305f08a87dc4e09308d1276d28c869c684d7777685682"\n',
      '[[package]]\nname = "shop"\nversion = "0.1.0"\ndependencies = [\n "itoa",\n]\n',
    ].join('\n'),
    'src/main.rs': `use std::os::unix::fs::MetadataExt;

fn main() {
    let user = std::fs::metadata("/proc/self").unwrap().uid();
    println!("{} {}", itoa::Buffer::new().format(user), std::path::Path::new("/usr/bin/cargo").exists());
}
`,
  };

  test('what is written for Rust is a program of locked crates, and a changed line moves its layer alone', async () => {
    expect(await built(crate, {})).toBe('10001 false');
    expect(await changed('src/main.rs', 'println!("', 'println!("now ')).toEqual({
      stdout: 'now 10001 false',
      moved: 1,
    });
  });

  const java = (body: string) =>
    `package shop;\n\npublic class Main {\n  public static void main(String[] words) throws Exception {\n${body}\n  }\n}\n`;
  const JAVAC = 'java.nio.file.Files.exists(java.nio.file.Path.of(System.getProperty("java.home"), "bin/javac"))'; // prettier-ignore
  const USER = 'java.nio.file.Files.getAttribute(java.nio.file.Path.of("/proc/self"), "unix:uid")';

  test('what is written for Maven runs on its libraries, and a changed line moves its layer alone', async () => {
    const files = {
      'pom.xml': `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>shop</groupId><artifactId>shop</artifactId><version>1</version>
  <properties><maven.compiler.release>21</maven.compiler.release><project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
  <dependencies><dependency><groupId>org.apache.commons</groupId><artifactId>commons-lang3</artifactId><version>3.17.0</version></dependency></dependencies>
</project>
`,
      'src/main/java/shop/Main.java': java(
        `    System.out.println(org.apache.commons.lang3.StringUtils.capitalize("shop ") + ${USER} + " " + ${JAVAC});`,
      ),
    };
    expect(await built(files, {})).toBe('Shop 10001 false');
    const main = 'src/main/java/shop/Main.java';
    expect(await changed(main, '"shop "', '"new shop "')).toEqual({
      stdout: 'New shop 10001 false',
      moved: 1,
    });
  });

  // The classifier leaves a plain jar beside the one that Spring Boot packs.
  test('what is written for Spring Boot runs from layers, and a changed line moves its layer alone', async () => {
    const files = {
      'pom.xml': `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId><version>3.5.8</version><relativePath/></parent>
  <groupId>shop</groupId><artifactId>shop</artifactId><version>1</version>
  <properties><java.version>21</java.version></properties>
  <dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter</artifactId></dependency></dependencies>
  <build><plugins><plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId><configuration><classifier>exec</classifier></configuration></plugin></plugins></build>
</project>
`,
      'src/main/resources/application.properties':
        'spring.main.banner-mode=off\nlogging.level.root=OFF\n',
      'src/main/java/shop/Main.java': java(
        `    org.springframework.boot.SpringApplication.run(Main.class, words).close();\n    System.out.println("shop " + ${USER} + " " + ${JAVAC});`,
      ).replace(
        'public class',
        '@org.springframework.boot.autoconfigure.SpringBootApplication\npublic class',
      ),
    };
    expect(await built(files, {})).toBe('shop 10001 false');
    const main = 'src/main/java/shop/Main.java';
    expect(await changed(main, '"shop "', '"new shop "')).toEqual({
      stdout: 'new shop 10001 false',
      moved: 1,
    });
  });
});
