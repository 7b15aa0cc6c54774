import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { debianProgram } from '@excel2doc/oci/testing/debian';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { fakeTime } from '@excel2doc/stages/testing/fake-time';
import { announce, socketIn, writeSettings } from '@excel2doc/stages/testing/own-daemon';
import { findings } from './checks';
import { gatherFacts } from './gather';

let like: Engine;
/** There are programs to start engines with, and the right to. */
let canStart: boolean;
const bin = () => dirname(like.docker);

beforeAll(async () => {
  like = await locateEngine();
  canStart = like.kind === 'private' && process.getuid?.() === 0;
});

const subject = (workspaceRoot: string) => ({
  workspaceRoot,
  projectRoot: 'app',
  files: [],
  service: 'app',
  dockerfile: 'app/Dockerfile',
  context: 'app',
});

async function found(env: NodeJS.ProcessEnv): Promise<Record<string, string>> {
  const facts = await gatherFacts(subject(tmpdir()), { ...process.env, ...env });
  return Object.fromEntries(findings(facts).map(({ id, seen }) => [id, seen]));
}

/**
 * An engine in a network and a mount namespace of its own, so that it takes nothing from others.
 *
 * @param prepare what a shell does there first; `$1` is the engine's folder
 * @returns the environment in which it is the one that is found
 */
async function engineIn(
  home: string,
  { program = join(bin(), 'dockerd'), prepare = ':' }: { program?: string; prepare?: string },
): Promise<NodeJS.ProcessEnv> {
  const settings = await writeSettings(home, { bridge: 'none', iptables: false });
  const log = openSync(join(home, 'dockerd.log'), 'a');
  const script = `cd "$1" && ${prepare} && exec "$2" --config-file "$3"`;
  const child = spawn(
    'unshare',
    ['--net', '--mount', 'sh', '-c', script, 'sh', home, program, settings],
    {
      env: { ...process.env, PATH: [bin(), process.env['PATH']].join(':') },
      stdio: ['ignore', log, log],
    },
  );
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  for (let tries = 0; !existsSync(socketIn(home)); tries += 1) {
    if (child.exitCode !== null || tries > 300)
      throw new Error(readFileSync(join(home, 'dockerd.log'), 'utf8'));
    await sleep(200);
  }
  return { ...(await announce(home, like)), DOCKER_HOST: undefined, DOCKER_CONTEXT: undefined };
}

function folder(): string {
  const home = mkdtempSync(join(tmpdir(), 'doctor-engine-'));
  // Before the engine ends, as hooks run in reverse: so it is registered first.
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

test('an engine that is too old', async ({ skip }) => {
  skip(!canStart, 'an engine of its own wants root, and the private engine to take after');
  // Debian 12's own.
  const program = debianProgram('docker.io', 'usr/sbin/dockerd');
  const env = await engineIn(folder(), { program });
  expect((await found(env))['engine-old']).toMatch(/\b20\.10/);
});

test('an engine with little memory, on a disk that is nearly full', async ({ skip }) => {
  skip(!canStart, 'an engine of its own wants root, and the private engine to take after');
  const home = folder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1g', 'tmpfs', home]);
  onTestFinished(() => void execFileSync('umount', ['--lazy', home]));
  // What the kernel tells this engine, and no one else, of the machine.
  const meminfo = readFileSync('/proc/meminfo', 'utf8');
  writeFileSync(
    join(home, 'meminfo'),
    meminfo.replace(/^MemTotal:.*$/m, 'MemTotal:       1048576 kB'),
  );
  const env = await engineIn(home, { prepare: 'mount --bind meminfo /proc/meminfo' });
  const seen = await found(env);
  expect(seen['engine-memory']).toBe('1.0 GiB');
  expect(seen['disk-full']).toMatch(/MiB free$/);
});

test('a clock that is wrong', () => {
  const script = `
    const [{ gatherFacts }, { findings }] = await Promise.all(
      ['gather', 'checks'].map((name) => import(process.argv[1] + '/' + name + '.ts').then((loaded) => loaded.default)));
    const facts = await gatherFacts(${JSON.stringify(subject(tmpdir()))}, process.env);
    console.log(JSON.stringify(findings(facts).filter(({ id }) => id === 'clock-skew')));`;
  const args = ['--import', pathToFileURL(require.resolve('tsx')).href];
  const answer = execFileSync(
    process.execPath,
    [...args, '--input-type=module', '-e', script, __dirname],
    {
      env: {
        ...process.env,
        LD_PRELOAD: fakeTime(),
        FAKETIME: '-90s',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
      encoding: 'utf8',
    },
  );
  const [finding] = JSON.parse(answer) as { seen: string }[];
  expect(finding?.seen).toMatch(/^(89|90|91)\.\d s$/);
});
