#!/usr/bin/env node
// The bundle starts in a third of the time; the source is for a clone that has built nothing yet,
// or has changed something since.
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../src', import.meta.url));
const bundle = fileURLToPath(new URL('../../../dist/apps/cache-server/main.js', import.meta.url));
const require = createRequire(import.meta.url);

/** @param {string} file */
const changedMs = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

const newest = Math.max(
  ...readdirSync(source, { recursive: true }).map((name) => changedMs(join(source, String(name)))),
);
if (changedMs(bundle) > newest) {
  require(bundle);
} else {
  require('tsx/cjs');
  // What is loaded only when it is needed comes by `import()`, which the line above leaves alone.
  (await import('tsx/esm/api')).register();
  require(join(source, 'cli/main.ts'));
}
