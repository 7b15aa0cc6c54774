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

/**
 * Bundles the command line into one file that needs only Node.
 *
 * @param {string} outfile
 */
export async function bundle(outfile) {
  const worker = await build({
    ...settings,
    entryPoints: [fileURLToPath(new URL('./src/archive/archive-worker.ts', import.meta.url))],
    write: false,
  });
  await build({
    ...settings,
    entryPoints: [fileURLToPath(new URL('./src/cli/main.ts', import.meta.url))],
    // The threads' code goes along as a text: one file is shipped, and no thread loads all of it.
    define: { ARCHIVE_WORKER: JSON.stringify(worker.outputFiles[0]?.text) },
    outfile,
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  void bundle(fileURLToPath(new URL('../../dist/apps/cache-server/main.js', import.meta.url)));
}
