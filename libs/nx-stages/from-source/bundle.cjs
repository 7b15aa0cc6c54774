/**
 * Runs the plugin from its TypeScript. Nx would transpile all of it anew in every process that runs a
 * task, a second of CPU each; here esbuild bundles an entry when a source has changed, and the bundle
 * is loaded. The published package holds such bundles, and not this folder.
 */
const { createHash } = require('node:crypto');
const { existsSync, readdirSync, renameSync, rmSync, statSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { libraries } = require('../libraries.cjs');

const workspaceRoot = join(__dirname, '..', '..', '..');
const bundles = join(workspaceRoot, 'node_modules', '.cache', 'nx-stages');

/**
 * What `src/<entry>.ts` exports.
 *
 * @param {string} entry
 */
function load(entry) {
  const file = join(bundles, `${entry.replaceAll('/', '-')}-${version()}.js`);
  if (!existsSync(file)) bundle(entry, file);
  return require(file);
}

/** @type {string | undefined} */
let known;

/**
 * Of the sources that a bundle is made from. Change times cannot be set back, so no edit escapes.
 * Once a process: what is loaded in it goes together.
 */
function version() {
  if (known) return known;
  const hash = createHash('sha256');
  const add = (/** @type {string} */ path) => {
    const { size, mtimeMs, ctimeMs } = statSync(path);
    hash.update(`${path} ${size} ${mtimeMs} ${ctimeMs}\n`);
  };
  for (const library of libraries()) addSources(join(workspaceRoot, 'libs', library, 'src'), add);
  add(join(workspaceRoot, 'package-lock.json'));
  add(__filename);
  return (known = hash.digest('hex').slice(0, 16));
}

/** @param {string} folder @param {(path: string) => void} add */
function addSources(folder, add) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) addSources(path, add);
    // An executor's schema is imported, too.
    else if (/\.(ts|json)$/.test(entry.name) && !entry.name.endsWith('.spec.ts')) add(path);
  }
}

/** @param {string} entry @param {string} file */
function bundle(entry, file) {
  const temporary = `${file}.${process.pid}`;
  const source = join(__dirname, '..', 'src', `${entry}.ts`);
  /** @type {import('esbuild')} */ (require('esbuild')).buildSync({
    absWorkingDir: workspaceRoot,
    entryPoints: [source],
    outfile: temporary,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['nx', 'nx/*', '@nx/devkit'],
    // The templates of a generator, and what is required late, lie beside its source.
    define: { __dirname: JSON.stringify(dirname(source)), __filename: JSON.stringify(source) },
    logLevel: 'error',
  });
  renameSync(temporary, file);
  removeOlder(entry);
}

/** Those of an hour ago are needed by nobody; a younger one may be about to be loaded. @param {string} entry */
function removeOlder(entry) {
  const prefix = `${entry.replaceAll('/', '-')}-`;
  for (const name of readdirSync(bundles)) {
    const path = join(bundles, name);
    if (name.startsWith(prefix) && Date.now() - statSync(path).mtimeMs > 3_600_000) {
      rmSync(path, { force: true });
    }
  }
}

module.exports = { load };
