/**
 * Runs the plugin from its TypeScript. Nx would transpile all of it anew in every process that runs a
 * task, a second of CPU each; here esbuild bundles an entry when a source has changed, and the bundle
 * is loaded. The published package holds such bundles, and not this folder.
 */
const { createHash } = require('node:crypto');
const {
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} = require('node:fs');
const { createRequire, wrap } = require('node:module');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');
const { libraries } = require('../libraries.cjs');

const workspaceRoot = join(__dirname, '..', '..', '..');
const bundles = join(workspaceRoot, 'node_modules', '.cache', 'nx-stages');

/** What was loaded in this process. @type {Map<string, Record<string, any>>} */
const loaded = new Map();

/**
 * What `src/<entry>.ts` exports.
 *
 * @param {string} entry
 */
function load(entry) {
  const source = join(__dirname, '..', 'src', `${entry}.ts`);
  return loadBundle(entry, {
    entryPoints: [source],
    // The templates of a generator, and what is required late, lie beside its source.
    define: { __dirname: JSON.stringify(dirname(source)), __filename: JSON.stringify(source) },
  });
}

/**
 * Several modules in one bundle, so that what they share is there once, as in the package.
 *
 * @param {string} name
 * @param {Record<string, string>} entries a module below src/, and the name that its default export gets
 */
function loadTogether(name, entries) {
  const contents = Object.entries(entries).map(
    ([as, entry]) => `export { default as ${JSON.stringify(as)} } from './${entry}';`,
  );
  return loadBundle(name, {
    stdin: {
      contents: contents.join('\n'),
      loader: 'ts',
      resolveDir: join(__dirname, '..', 'src'),
    },
  });
}

/**
 * @param {string} name
 * @param {import('esbuild').BuildOptions} from
 * @param {string} [folder] of its sources, where they are not the plugin's alone
 */
function loadBundle(name, from, folder) {
  const file = join(bundles, `${name.replaceAll('/', '-')}-${version(folder)}.js`);
  const known = loaded.get(file);
  if (known) return known;
  if (!existsSync(file)) bundle(name, from, file);
  const module = { exports: {} };
  compile(file)(module.exports, createRequire(file), module, file, bundles);
  loaded.set(file, module.exports);
  return module.exports;
}

/**
 * The bundle as a function, with what V8 made of it the last time: compiling two megabytes takes twice
 * as long as reading that. Node has it from 22.1 on (`module.enableCompileCache`). V8 refuses
 * what another version of it made.
 *
 * @param {string} file
 */
function compile(file) {
  const kept = `${file}.${process.version}.v8`;
  const cachedData = existsSync(kept) ? readFileSync(kept) : undefined;
  // The first line of a program is for the shell.
  const source = readFileSync(file, 'utf8').replace(/^#!.*/, '');
  const script = new Script(wrap(source), { filename: file, cachedData });
  if (!cachedData || script.cachedDataRejected) {
    // At the end, with the functions that were called until then.
    process.once('exit', () => writeBeside(kept, script.createCachedData()));
  }
  return script.runInThisContext();
}

/** Two processes may write the same file. @param {string} file @param {Buffer} data */
function writeBeside(file, data) {
  const temporary = `${file}.${process.pid}`;
  try {
    writeFileSync(temporary, data);
    renameSync(temporary, file);
  } catch {
    // No task hangs on it.
  }
}

/** @type {Map<string | undefined, string>} */
const versions = new Map();

/**
 * Of the sources that a bundle is made from. Change times cannot be set back, so no edit escapes.
 * Once a process: what is loaded in it goes together.
 *
 * @param {string} [folder]
 */
function version(folder) {
  const known = versions.get(folder);
  if (known) return known;
  const hash = createHash('sha256');
  const add = (/** @type {string} */ path) => {
    const { size, mtimeMs, ctimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs} ${ctimeMs}\n`);
  };
  for (const library of libraries()) addSources(join(workspaceRoot, 'libs', library, 'src'), add);
  if (folder) addSources(folder, add);
  add(join(workspaceRoot, 'package-lock.json'));
  add(__filename);
  const made = hash.digest('hex').slice(0, 16);
  versions.set(folder, made);
  return made;
}

/** @param {string} folder @param {(path: string) => void} add */
function addSources(folder, add) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (entry.name !== 'node_modules') addSources(path, add);
    }
    // An executor's schema is imported, too.
    else if (/\.(ts|json)$/.test(entry.name) && !entry.name.endsWith('.spec.ts')) add(path);
  }
}

/** @param {string} name @param {import('esbuild').BuildOptions} from @param {string} file */
function bundle(name, from, file) {
  const temporary = `${file}.${process.pid}`;
  /** @type {import('esbuild')} */ (require('esbuild')).buildSync({
    ...from,
    absWorkingDir: workspaceRoot,
    outfile: temporary,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['nx', 'nx/*', '@nx/devkit'],
    // What is loaded late is required: a script of V8's cache has no way to import.
    supported: { 'dynamic-import': false },
    logLevel: 'error',
  });
  renameSync(temporary, file);
  removeOlder(name);
}

/** Those of an hour ago are needed by nobody; a younger one may be about to be loaded. @param {string} name */
function removeOlder(name) {
  const prefix = `${name.replaceAll('/', '-')}-`;
  for (const file of readdirSync(bundles)) {
    const path = join(bundles, file);
    if (file.startsWith(prefix) && Date.now() - statSync(path).mtimeMs > 3_600_000) {
      rmSync(path, { force: true });
    }
  }
}

module.exports = { load, loadBundle, loadTogether };
