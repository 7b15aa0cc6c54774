'use strict';
/**
 * Loaded into every Node of a command (NODE_OPTIONS=--require): writes each program that is started to
 * the file that PROCESSES_FILE names, a line each.
 */
const { appendFileSync } = require('node:fs');
const childProcess = require('node:child_process');

/** @param {string} file @param {readonly string[]} args */
function write(file, args) {
  const to = process.env['PROCESSES_FILE'];
  if (to) appendFileSync(to, `${[file, ...args].join(' ').replaceAll('\n', ' ')}\n`);
}

// @ts-expect-error -- what spawn, exec, execFile and fork all come to; its types leave it out.
const { prototype } = childProcess.ChildProcess;
const { spawn } = prototype;
/** @param {{ file: string, args?: string[] }} options */
prototype.spawn = function (options) {
  write(options.file, (options.args ?? []).slice(1));
  return spawn.call(this, options);
};
const { spawnSync } = childProcess;
// @ts-expect-error -- all of its overloads are one.
childProcess.spawnSync = (file, ...rest) => {
  write(file, Array.isArray(rest[0]) ? rest[0] : []);
  return spawnSync(file, ...rest);
};
