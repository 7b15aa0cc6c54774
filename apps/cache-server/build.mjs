import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/**
 * Bundles the command line into one file that needs only Node.
 *
 * @param {string} outfile
 */
export async function bundle(outfile) {
  await build({
    entryPoints: [fileURLToPath(new URL('./src/cli/main.ts', import.meta.url))],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minifySyntax: true,
    // The source stays in memory; names stay for what a stack trace says.
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'warning',
    outfile,
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  void bundle(fileURLToPath(new URL('../../dist/apps/cache-server/main.js', import.meta.url)));
}
