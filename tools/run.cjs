/**
 * Runs `tools/<command>.ts` as one bundle, made anew when a source has changed: read through tsx, its
 * 140 modules take half a second each time.
 *
 * Usage: node tools/run.cjs start|stop|test [options for the command]
 */
const { join } = require('node:path');
const { loadBundle } = require('../libs/nx-stages/from-source/bundle.cjs');

const [command = ''] = process.argv.splice(2, 1);
loadBundle(
  `tools-${command}`,
  {
    entryPoints: [join(__dirname, `${command}.ts`)],
    // Of workspace.ts, which alone asks for it.
    define: { __dirname: JSON.stringify(__dirname) },
  },
  __dirname,
);
