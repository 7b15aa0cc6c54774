import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPackage } from './build.mjs';
import { referencePages, translationGaps } from './reference.mjs';
import { schemaFiles } from './schemas/write';

// In the workspace, where the dependencies are found as they are beside an installed package.
const out = resolve(__dirname, '../../tmp', `package-${process.pid}`);

type Collection = Record<string, { implementation: string; schema: string; description: string }>;
const read = (file: string) => JSON.parse(readFileSync(join(out, file), 'utf8'));

beforeAll(async () => {
  mkdirSync(out, { recursive: true });
  await buildPackage(out);
}, 120_000);
afterAll(() => rmSync(out, { recursive: true, force: true }));

/** Runs a script in a Node that knows no TypeScript, in the package's folder. */
const node = (...args: string[]) =>
  execFileSync(process.execPath, args, { cwd: out, encoding: 'utf8' });

describe('the package', () => {
  test('is under 1 MB packed and holds what a user needs', () => {
    const [packed] = JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: out, encoding: 'utf8' }),
    ) as [{ size: number; files: { path: string }[] }];
    expect(packed.size).toBeLessThan(1_000_000);
    expect(packed.files.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['README.md', 'LICENSE', 'index.js', 'api.js', 'executors.json']),
    );
    expect(packed.files.filter(({ path }) => /\.spec\.|testing/.test(path))).toEqual([]);
  });

  test('has Nx as a peer and depends on nothing of this workspace', () => {
    const manifest = read('package.json');
    expect(manifest.peerDependencies).toEqual({ '@nx/devkit': '>=22 <24', nx: '>=22 <24' });
    expect(Object.keys(manifest.dependencies)).toEqual([
      'chokidar',
      'execa',
      'ignore',
      'undici',
      'yaml',
    ]);
    expect(manifest).not.toHaveProperty('private');
  });

  test('names no command, file or setting of the workspace that it is developed in', () => {
    const home = /npm start|npm run stop|(?<![\w-])tools\/\w|docker\/\.env|EXCEL2DOC_(?!CACHE_)/g;
    const named = readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .flatMap(({ parentPath, name }) => {
        const text = readFileSync(join(parentPath, name), 'utf8');
        return [...text.matchAll(home)].map(([match]) => `${name}: ${match}`);
      });
    expect(named).toEqual([]);
  });

  test('loads every executor and generator in plain Node', () => {
    const collections = {
      ...read('executors.json').executors,
      ...read('generators.json').generators,
    };
    const modules = Object.values(collections as Collection);
    const script = modules
      .map(({ implementation }) => `typeof require('${implementation}').default`)
      .join(', ');
    expect(JSON.parse(node('-p', `JSON.stringify([${script}])`))).toEqual(
      modules.map(() => 'function'),
    );
    for (const { schema } of modules) expect(read(schema)).toHaveProperty('properties');
  });

  test('runs each from its bundle in this workspace, where Nx would transpile the source', () => {
    for (const kind of ['executors', 'generators']) {
      const file = join(__dirname, `${kind}.json`);
      const collection = JSON.parse(readFileSync(file, 'utf8'))[kind] as Collection;
      for (const [name, { implementation }] of Object.entries(collection))
        expect(implementation).toBe(`./from-source/${kind}.cjs#${name}`);
    }
  });

  test('gives its API to ES modules by name', () => {
    const script = `import { planStages, assembleImage } from './api.js';
      console.log(typeof planStages, typeof assembleImage)`;
    expect(node('--input-type=module', '-e', script)).toBe('function function\n');
  });

  test('has types that stand on their own', () => {
    const user = join(out, 'user.mts');
    writeFileSync(
      user,
      `import { parseDockerfile, planStages } from '@excel2doc/nx-stages/api';
       export const names: string[] = planStages(parseDockerfile('FROM a', { file: 'x' }), {
         contextDir: '/',
       }).map(({ stage }) => stage);`,
    );
    const program = ts.createProgram([user], {
      module: ts.ModuleKind.Node20,
      types: ['node'],
      strict: true,
      noEmit: true,
    });
    const problems = ts.getPreEmitDiagnostics(program);
    const texts = problems.map(({ file, messageText }) => [file?.fileName, messageText]);
    expect(texts.filter(([name]) => String(name).startsWith(out))).toEqual([]);
  });

  test('loads no HTTP client for an executor that may never ask a registry', () => {
    const script = `require('./executors/docker-stage/executor.js');
      console.log(Object.keys(require.cache).filter((file) => /undici|execa/.test(file)).length)`;
    expect(node('-e', script)).toBe('0\n');
  });

  test('has both names that Nx 22 and 23 look for', () => {
    const script = `const plugin = require('./index.js');
      console.log(plugin.createNodes === plugin.createNodesV2, plugin.createNodes.length)`;
    expect(node('-e', script)).toBe('true 2\n');
  });
});

test('the table of options makes executors.json and every schema: `nx run nx-stages:schemas`', async () => {
  for (const [file, text] of await schemaFiles())
    expect(readFileSync(join(__dirname, file), 'utf8'), file).toBe(text);
});

/** Everything that `nx show target`, Nx Console and `--help` print comes from here. */
describe('every option', () => {
  const collections = ['executors', 'generators'].flatMap((kind) => {
    const file = JSON.parse(readFileSync(join(__dirname, `${kind}.json`), 'utf8'));
    return Object.entries(file[kind] as Collection);
  });

  interface Option {
    type?: string;
    description?: string;
    examples?: unknown[];
    default?: unknown;
    enum?: unknown[];
  }

  test.each(collections)(
    'of %s has a description, and an example unless it has a default',
    (_, entry) => {
      const schema = JSON.parse(readFileSync(join(__dirname, entry.schema), 'utf8'));
      expect(entry.description).toBeTruthy();
      for (const [name, option] of Object.entries(schema.properties as Record<string, Option>)) {
        expect(option.description, name).toMatch(/^[A-Z].*\.$/);
        const shows = option.type === 'boolean' || option.enum || option.default !== undefined;
        if (!shows) expect(option.examples, name).toBeDefined();
      }
    },
  );
});

describe('the reference, which `nx run nx-stages:reference` writes', () => {
  test.each(referencePages)('says what the schemas say: $file', async ({ file, text }) => {
    expect(readFileSync(file, 'utf8')).toBe(await text());
  });

  test('has Chinese for every description: libs/nx-stages/reference.zh-CN.json', async () => {
    expect(await translationGaps()).toEqual({ missing: [], unused: [] });
  });
});
