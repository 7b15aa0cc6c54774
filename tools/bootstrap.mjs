/**
 * What `npm start`, `npm run stop` and `npm test` call. Runs on Node's own modules alone, since it
 * is the one that installs the others; then hands over to tools/<command>.ts.
 *
 * Usage: node tools/bootstrap.mjs start|stop|test [options for the command]
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const workspace = join(dirname(fileURLToPath(import.meta.url)), '..');
const oldestNode = { major: 20, minor: 19 };
/** With the options that each takes; those of `test` it reads itself. @type {Record<string, string[] | undefined>} */
const commands = { start: [], stop: ['--keep-engine'], test: undefined };

/** @param {string} message @param {string} next @returns {never} */
function fail(message, next) {
  console.error(`✗ ${message}. ${next}.`);
  process.exit(1);
}

/** One `npm start` at a time in a checkout: two would race for node_modules and the images. */
async function takeLock() {
  const file = join(workspace, 'tmp', 'bootstrap.lock');
  mkdirSync(dirname(file), { recursive: true });
  let waited = false;
  // Written whole before it gets its name: nobody reads half of it.
  const own = `${file}.${process.pid}`;
  writeFileSync(own, `${process.pid} ${startOf(process.pid)}`);
  process.on('exit', () => rmSync(own, { force: true }));
  for (;;) {
    try {
      linkSync(own, file);
      process.on('exit', () => rmSync(file, { force: true }));
      return;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    const owner = readOwner(file);
    if (owner === undefined) {
      rmSync(file, { force: true });
      continue;
    }
    if (!waited) console.log(`… process ${owner} is at work in this checkout; waiting for it`);
    waited = true;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/**
 * When a process was started, in a form that no other process with its pid has: after a power cut or
 * a long while, the pid of a lock belongs to somebody else.
 *
 * @param {number} pid @returns {string} empty where nobody says
 */
function startOf(pid) {
  try {
    // The name of the program stands in brackets, and may hold any of both.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\)/s, '')
      .trim()
      .split(' ');
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}+${fields[19]}`;
  } catch {
    const { stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
    return stdout?.trim() ?? '';
  }
}

/** The pid in the lock file, or undefined when that process is gone (it was killed). @param {string} file */
function readOwner(file) {
  try {
    const [, text = '', start = ''] = /^(\d+) ?(.*)$/.exec(readFileSync(file, 'utf8')) ?? [];
    const pid = Number(text);
    if (!pid) return undefined;
    process.kill(pid, 0);
    if (start !== '' && start !== startOf(pid)) return undefined;
    return pid;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM' ? 0 : undefined;
  }
}

/**
 * Runs a child to its end. Signals are passed on once and the child decides, so that Ctrl-C lets a
 * build clean up after itself. A quiet one says nothing of its own: we say for it that it stops, and
 * the second Ctrl-C ends it with all that it started.
 *
 * @param {string} command @param {string[]} args @param {{ quiet?: boolean }} [options]
 * @returns {Promise<{ status: number, output: string }>}
 */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: workspace,
      stdio: options.quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      // A group of its own: it gets the signals that we pass on, and no others.
      detached: options.quiet === true,
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    const pass = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
    let stops = 0;
    const stop = (/** @type {NodeJS.Signals} */ signal) => {
      // The terminal sends SIGINT to the whole group, a child that is not quiet included.
      if (!options.quiet || !child.pid) return;
      stops += 1;
      if (stops === 1) console.log(`… stopping ${command}; Ctrl-C again ends it at once`);
      signalGroup(child.pid, stops === 1 ? signal : 'SIGKILL');
    };
    const terminated = options.quiet ? stop : pass;
    process.on('SIGTERM', terminated).on('SIGHUP', terminated).on('SIGINT', stop);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGTERM', terminated).off('SIGHUP', terminated).off('SIGINT', stop);
      if (stops > 0) {
        console.error('✗ stopped by you. Run it again to go on.');
        process.exit(130);
      }
      resolve({ status: code ?? 128 + (signal ? constants.signals[signal] : 1), output });
    });
  });
}

/** @param {number} leader @param {NodeJS.Signals} signal */
function signalGroup(leader, signal) {
  try {
    process.kill(-leader, signal);
  } catch {
    // It has ended by itself.
  }
}

/** `npm ci` when the lock file, or Node itself, is not what node_modules was installed from. */
async function install() {
  const stamp = join(workspace, 'node_modules', '.excel2doc-installed');
  const wanted = createHash('sha256')
    .update(readFileSync(join(workspace, 'package-lock.json')))
    .update(`${process.version} ${process.platform} ${process.arch}`)
    .digest('hex');
  try {
    if (readFileSync(stamp, 'utf8') === wanted) return;
  } catch {
    // Not installed yet, or an earlier installation was cut short.
  }
  const start = Date.now();
  process.stdout.write('▸ installing npm packages\n');
  const { status, output } = await run(
    'npm',
    ['ci', '--no-audit', '--no-fund', '--prefer-offline'],
    {
      quiet: true,
    },
  );
  if (status !== 0) {
    const cause = /in sync/.test(output)
      ? [
          'package-lock.json does not fit the package.json files',
          'Run `npm install`, then it again',
        ]
      : /ENOSPC/.test(output)
        ? ['the disk is full while installing npm packages', 'Free some space and run it again']
        : /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|network/.test(output)
          ? ['the npm registry does not answer', 'Check the network or `npm config get registry`']
          : ['`npm ci` failed', 'Its output follows'];
    console.error(
      `✗ ${cause[0]}. ${cause[1]}.\n${output.trim().split('\n').slice(0, 40).join('\n')}`,
    );
    process.exit(status);
  }
  writeFileSync(stamp, wanted);
  console.log(`✓ installing npm packages (${((Date.now() - start) / 1000).toFixed(1)} s)`);
}

const [command, ...args] = process.argv.slice(2);
if (!command || !(command in commands)) {
  fail(`unknown command ${command ?? '(none)'}`, `Known: ${Object.keys(commands).join(', ')}`);
}
const options = commands[command];
const unknown = options && args.find((each) => !options.includes(each));
if (unknown !== undefined) {
  const takes = options?.length ? `It takes ${options.join(', ')}` : 'It takes none';
  fail(`${command} does not know ${unknown}`, takes);
}
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < oldestNode.major || (major === oldestNode.major && minor < oldestNode.minor)) {
  fail(
    `Node ${process.versions.node} is too old`,
    `Install Node ${oldestNode.major}.${oldestNode.minor} or newer, then run it again`,
  );
}
await takeLock();
await install();
const { status } = await run(process.execPath, [join('tools', 'run.cjs'), command, ...args]);
process.exit(status);
