import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** @type {import('esbuild').BuildOptions} */
const settings = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  minifySyntax: true,
  // The source stays in memory; names stay for what a stack trace says.
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
};

/** Each with its provider's SDK in a file of its own: a server that has none of them keeps none in memory. */
const buckets = ['s3-bucket', 'gcs-bucket', 'azure-bucket'];
/** @type {import('esbuild').Plugin} */
const apart = {
  name: 'buckets apart',
  setup: ({ onResolve }) => {
    onResolve({ filter: new RegExp(`^\\./(${buckets.join('|')})\\.js$`) }, ({ path }) => {
      return { path, external: true };
    });
  },
};

/**
 * Bundles the command line into a file that needs only Node, and the buckets' files beside it.
 *
 * @param {string} outfile
 */
export async function bundle(outfile) {
  const worker = await build({
    ...settings,
    entryPoints: [fileURLToPath(new URL('./src/intake/archive-worker.ts', import.meta.url))],
    write: false,
  });
  await build({
    ...settings,
    entryPoints: [fileURLToPath(new URL('./src/cli/main.ts', import.meta.url))],
    // The threads' code goes along as a text: one file is shipped, and no thread loads all of it.
    define: { ARCHIVE_WORKER: JSON.stringify(worker.outputFiles[0]?.text) },
    plugins: [apart],
    outfile,
  });
  for (const name of buckets)
    await build({
      ...settings,
      entryPoints: [fileURLToPath(new URL(`./src/store/${name}.ts`, import.meta.url))],
      // Azure's SDK asks for its own address, which a bundle has as a file's name only.
      define: { 'import.meta.url': 'ownAddress' },
      banner: { js: "const ownAddress = require('node:url').pathToFileURL(__filename).href;" },
      outfile: join(dirname(outfile), `${name}.js`),
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  void bundle(fileURLToPath(new URL('../../dist/apps/cache-server/main.js', import.meta.url)));
}
