/** Builds dist/libs/nx-stages: the package as it is published, this library and those below it in one. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';
import ts from 'typescript';
import { folder, libraries } from './libraries.cjs';

const library = fileURLToPath(new URL('.', import.meta.url));
const workspace = join(library, '../..');

/** The libraries that come in the package instead of beside it. */
const bundled = libraries().filter((name) => name !== 'nx-stages');

/** @param {string} file */
const readJson = async (file) => JSON.parse(await readFile(file, 'utf8'));

/**
 * One module for each entry and shared chunks between them, as CommonJS: Nx starts a process for
 * each task, which then reads just what its executor needs, and any Node that Nx runs on can
 * `require` it. esbuild splits ES modules only, so they are turned into CommonJS one by one.
 *
 * @param {string[]} entryPoints
 * @param {string[]} external
 * @param {string} out
 */
async function bundle(entryPoints, external, out) {
  const { outputFiles } = await build({
    entryPoints,
    external,
    outdir: out,
    outbase: join(library, 'src'),
    chunkNames: 'shared/[hash]',
    bundle: true,
    splitting: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'warning',
  });
  await Promise.all(
    outputFiles.map(async ({ path, text }) => {
      const { code } = await transform(text, {
        format: 'cjs',
        platform: 'node',
        target: 'node20',
        minifySyntax: true,
      });
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, code);
    }),
  );
}

/**
 * Types of the public modules and of all that they name. The bundled libraries lie beside them and
 * are named by path; what is wrong in a type is the target typecheck's business.
 *
 * @param {string[]} modules
 * @param {string} out
 */
async function types(modules, out) {
  const sourceOf = (/** @type {string} */ name) => join(folder, name, 'src/index.ts');
  const program = ts.createProgram(
    modules.map((module) => join(library, 'src', `${module}.ts`)),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.Node20,
      strict: true,
      exactOptionalPropertyTypes: true,
      esModuleInterop: true,
      skipLibCheck: true,
      noCheck: true,
      declaration: true,
      emitDeclarationOnly: true,
      stripInternal: true,
      types: ['node'],
      rootDir: folder,
      outDir: out,
      paths: Object.fromEntries(bundled.map((name) => [`@excel2doc/${name}`, [sourceOf(name)]])),
    },
  );
  program.emit(undefined, (path, text) => {
    const byPath = text.replaceAll(/(['"])@excel2doc\/([\w-]+)\1/g, (_, quote, name) => {
      const to = relative(dirname(path), join(out, name, 'src/index'));
      return `${quote}${to}${quote}`;
    });
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, byPath);
  });
}

/**
 * What `nx` and `npm` read: the source's package.json without what is only for this workspace.
 *
 * @param {Record<string, any>} manifest
 * @param {Record<string, string>} dependencies
 */
function publishedManifest(manifest, dependencies) {
  const onlyHere = ['private', 'nx', 'devDependencies'];
  const rest = Object.fromEntries(
    Object.entries(manifest).filter(([name]) => !onlyHere.includes(name)),
  );
  const module = (/** @type {string} */ name) => ({
    types: `./types/nx-stages/src/${name}.d.ts`,
    default: `./${name}.js`,
  });
  return {
    ...rest,
    bin: { 'excel2doc-shards': './shards/cli.js' },
    main: './index.js',
    types: './types/nx-stages/src/index.d.ts',
    executors: './executors.json',
    exports: {
      '.': module('index'),
      './api': module('api'),
      // Nx loads them by these names, which nx.json gives.
      './release/version-actions': './release/version-actions.js',
      './release/changelog-renderer': './release/changelog-renderer.js',
      './executors.json': './executors.json',
      './generators.json': './generators.json',
      './package.json': './package.json',
    },
    dependencies,
  };
}

/**
 * Below src/ here, below the root in the package. In this workspace from-source/ loads them.
 *
 * @param {string} collection executors, generators or hashers
 * @param {string} name
 */
const implementationOf = (collection, name) =>
  `./${collection}/${name}/${collection.replace(/s$/, '')}`;

/** @param {string} out the folder to write; what was there is removed */
export async function buildPackage(out) {
  const manifest = await readJson(join(library, 'package.json'));
  const manifests = await Promise.all(
    bundled.map((name) => readJson(join(workspace, 'libs', name, 'package.json'))),
  );
  const dependencies = Object.fromEntries(
    [manifest, ...manifests]
      .flatMap((each) => Object.entries(each.dependencies ?? {}))
      .filter(([name]) => !name.startsWith('@excel2doc/'))
      .map(([name, version]) => [name, `^${version}`])
      .sort(),
  );
  const collections = await Promise.all(
    ['executors', 'generators'].map(async (name) => {
      const list = await readJson(join(library, `${name}.json`));
      const entries = Object.entries(list[name]);
      for (const [each, entry] of entries) {
        entry.implementation = implementationOf(name, each);
        if (entry.hasher) entry.hasher = implementationOf('hashers', each);
        if (entry.batchImplementation) entry.batchImplementation = `./${name}/${each}/batch`;
      }
      return { name, list, entries: entries.map(([, entry]) => entry) };
    }),
  );
  const implementations = collections
    .flatMap(({ entries }) => entries)
    .flatMap(({ implementation, hasher, batchImplementation }) => [
      implementation,
      ...(hasher ? [hasher] : []),
      ...(batchImplementation ? [batchImplementation] : []),
    ])
    .map((module) => join(library, 'src', `${module}.ts`));
  const external = Object.keys({ ...dependencies, ...manifest.peerDependencies }).flatMap(
    (name) => [name, `${name}/*`],
  );

  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  const entries = [
    ...['index', 'api', 'shards/cli'],
    ...['release/version-actions', 'release/changelog-renderer'],
  ].map((name) => join(library, 'src', `${name}.ts`));
  await bundle([...entries, ...implementations], external, out);
  await types(['index', 'api'], join(out, 'types'));
  for (const { name, list } of collections) {
    const text = JSON.stringify(list, undefined, 2).replaceAll('"./src/', '"./');
    await writeFile(join(out, `${name}.json`), `${text}\n`);
    await copyAssets(join(library, 'src', name), join(out, name));
  }
  const published = publishedManifest(manifest, dependencies);
  await writeFile(join(out, 'package.json'), `${JSON.stringify(published, undefined, 2)}\n`);
  for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) {
    // The first release writes the change log.
    if (file === 'CHANGELOG.md' && !existsSync(join(library, file))) continue;
    await cp(join(library, file), join(out, file));
  }
}

/**
 * Schemas, and the templates that generators write.
 *
 * @param {string} from
 * @param {string} to
 */
async function copyAssets(from, to) {
  const files = await readdir(from, { recursive: true, withFileTypes: true });
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    const isTemplate = /[/\\]files[/\\]/.test(relative(from, path));
    if (!file.isFile() || !(file.name === 'schema.json' || isTemplate)) continue;
    await cp(path, join(to, relative(from, path)));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  void buildPackage(process.argv[2] ?? join(workspace, 'dist/libs/nx-stages'));
}
