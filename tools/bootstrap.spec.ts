import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';

/** A checkout whose `npm ci` runs `preinstall` and installs nothing. */
function checkout(preinstall: string) {
  const folder = mkdtempSync(join(tmpdir(), 'excel2doc-bootstrap-'));
  const lock = join(folder, 'tmp/bootstrap.lock');
  mkdirSync(join(folder, 'tools'));
  mkdirSync(join(folder, 'tmp'));
  copyFileSync(join(__dirname, 'bootstrap.mjs'), join(folder, 'tools/bootstrap.mjs'));
  const about = { name: 'x', version: '1.0.0' };
  const write = (name: string, value: object) =>
    writeFileSync(join(folder, name), JSON.stringify(value));
  write('package.json', { ...about, scripts: { preinstall } });
  write('package-lock.json', { ...about, lockfileVersion: 3, packages: { '': about } });
  const start = () => {
    const child = spawn(process.execPath, ['tools/bootstrap.mjs', 'start'], { cwd: folder });
    const seen = watched(child);
    onTestFinished(async () => {
      // The second one ends what npm started, too.
      child.kill('SIGINT');
      await Promise.race([seen.ended, sleep(2_000)]);
      child.kill('SIGINT');
      await Promise.race([seen.ended, sleep(2_000)]);
      child.kill('SIGKILL');
    });
    return { child, ...seen };
  };
  return { folder, lock, start };
}

function watched(child: ChildProcess) {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const until = async (condition: () => boolean) => {
    for (let tries = 0; !condition(); tries += 1) {
      if (tries > 400) throw new Error(`not within 20 s; it said:\n${said}`);
      await sleep(50);
    }
  };
  return {
    ended,
    until,
    says: (text: string) => until(() => said.includes(text)),
    said: () => said,
  };
}

test('a lock is waited for while its process lives, and taken over from another one with its pid', async () => {
  const { lock, start, folder } = checkout('touch began && sleep 60');
  const first = start();
  await first.until(() => existsSync(join(folder, 'began')));
  const [, of = ''] = /^\d+ (.+)$/.exec(readFileSync(lock, 'utf8')) ?? [];
  const second = start();
  await second.says(`process ${first.child.pid} is at work`);
  // The same pid, of a process that was started at another time.
  writeFileSync(lock, `${first.child.pid} ${of}0`);
  await second.says('installing npm packages');
});

test('an option that a command does not know ends it before anything is begun', () => {
  const call = (...args: string[]) => {
    const child = spawnSync(process.execPath, [join(__dirname, 'bootstrap.mjs'), ...args], {
      encoding: 'utf8',
    });
    return { status: child.status, said: child.stdout + child.stderr };
  };
  expect(call('stop', '--help')).toEqual({
    status: 1,
    said: '✗ stop does not know --help. It takes --keep-engine.\n',
  });
  expect(call('start', 'again')).toEqual({
    status: 1,
    said: '✗ start does not know again. It takes none.\n',
  });
});

test('Ctrl-C while packages are installed is answered at once', async () => {
  const { folder, start } = checkout('touch began && sleep 60');
  const run = start();
  await run.until(() => existsSync(join(folder, 'began')));
  run.child.kill('SIGINT');
  await run.says('stopping npm');
  expect(await run.ended).toBe(130);
  expect(run.said()).toContain('✗ stopped by you. Run it again to go on.');
});

test('the second Ctrl-C ends what does not heed the first', async () => {
  const { folder, start } = checkout("trap '' INT; touch began; sleep 61 & wait; sleep 61");
  const run = start();
  await run.until(() => existsSync(join(folder, 'began')));
  run.child.kill('SIGINT');
  await run.says('stopping npm');
  run.child.kill('SIGINT');
  expect(await run.ended).toBe(130);
}, 30_000);
