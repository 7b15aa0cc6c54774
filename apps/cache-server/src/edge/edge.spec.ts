import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from 'node:http';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { faults, faultyUpstream } from '../../test/faulty-upstream';
import { otherNxCache } from '../../test/other-nx-cache';
import { nxWorkspace, type NxWorkspace } from '../../test/nx-workspace';
import { serverProcess } from '../../test/server-process';
import { temporaryFolder } from '../../test/temporary-folder';
import { get, teamConfig, testServer } from '../../test/test-server';

const nx = '23.2.1';
/** For an upstream that fails; a healthy one gets the time that it takes. */
const quick = ['--answer-ms', '300', '--transfer-ms', '1000', '--flush-ms', '3000'];

function edge(
  workspace: NxWorkspace,
  upstream: string,
  token: string,
  cacheHome: string,
  command: string[],
  times: string[] = [],
) {
  return workspace.start(
    [inject('mainFile'), 'edge', '--upstream', upstream, ...times, '--', ...command],
    {
      EXCEL2DOC_CACHE_TOKEN: token,
      XDG_CACHE_HOME: cacheHome,
    },
  );
}

function buildAll(workspace: NxWorkspace): string[] {
  return [process.execPath, workspace.nxFile, 'run-many', '-t', 'build'];
}

const warnings = (output: string) =>
  output.split('\n').filter((line) => line.startsWith('excel2doc-cache:'));

describe('a run behind the edge', () => {
  it('is needed: without it the same upstream stops the run', { timeout: 120_000 }, async () => {
    const workspace = await nxWorkspace(nx, 1);
    const run = workspace.start([workspace.nxFile, 'run', 'p0:build'], {
      NX_SELF_HOSTED_REMOTE_CACHE_SERVER: await faultyUpstream('answers 500'),
    });
    expect((await run.ended).status).not.toBe(0);
  });

  it.each(faults)(
    'ends well, with one warning line, when its upstream %s',
    { timeout: 120_000 },
    async (fault) => {
      const workspace = await nxWorkspace(nx, 4);
      const run = edge(
        workspace,
        await faultyUpstream(fault),
        'token',
        await temporaryFolder(),
        buildAll(workspace),
        quick,
      );
      const { status, output } = await run.ended;
      expect(output).toContain('Successfully ran target build for 4 projects');
      expect(output).not.toContain('[remote cache]');
      expect(status).toBe(0);
      expect(warnings(output)).toHaveLength(1);
      expect(await readFile(join(workspace.folder, 'dist/p0/out.txt'), 'utf8')).toContain('out 0');
    },
  );

  it('ends well when its upstream is killed in the middle', { timeout: 120_000 }, async () => {
    const server = await serverProcess(await temporaryFolder());
    const workspace = await nxWorkspace(nx, 8, 0.4);
    const run = edge(
      workspace,
      server.url,
      server.tokens.main,
      await temporaryFolder(),
      buildAll(workspace),
      quick,
    );
    await expect.poll(run.output, { interval: 20 }).toMatch(/nx run p\d:build/);
    await server.kill();
    const { status, output } = await run.ended;
    expect(output).toContain('Successfully ran target build for 8 projects');
    expect(status).toBe(0);
    expect(warnings(output)).toHaveLength(1);
  });

  it(
    'sends later what it could not send, once, and only with the token it was made for',
    { timeout: 120_000 },
    async () => {
      const folder = await temporaryFolder();
      const known = teamConfig(join(folder, 'data'));
      const first = await serverProcess(folder, {}, known);
      const port = Number(new URL(first.url).port);
      await first.kill();
      const cacheHome = await temporaryFolder();
      const queue = join(cacheHome, 'excel2doc/edge-queue');
      const workspace = await nxWorkspace(nx, 2);
      const run = (token: string, command: string[]) =>
        edge(workspace, first.url, token, cacheHome, command).ended;

      expect((await run(known.tokens.pr1, buildAll(workspace))).status).toBe(0);
      expect((await readdir(queue)).filter((name) => name.endsWith('.json'))).toHaveLength(2);

      const second = await serverProcess(folder, { listen: { port } }, known);
      const nothing = [process.execPath, '-e', '0'];
      await run(known.tokens.main, nothing);
      expect(await readdir(join(folder, 'data/entries')).catch(() => [])).not.toContain('main');
      await run(known.tokens.pr1, nothing);
      expect(await readdir(join(folder, 'data/entries'))).toEqual(['pr-1']);
      expect(await readdir(queue)).toEqual([]);
      await second.kill();
    },
  );

  it(
    'gets its hits through the edge, and names the tasks of its uploads',
    { timeout: 120_000 },
    async () => {
      const server = await testServer();
      const workspace = await nxWorkspace(nx, 2);
      const cacheHome = await temporaryFolder();
      const run = () =>
        edge(workspace, server.url, server.tokens.main, cacheHome, buildAll(workspace)).ended;
      expect((await run()).status).toBe(0);
      await workspace.forget();
      const second = await run();
      expect(second.output).toMatch(/remote cache/);
      expect(warnings(second.output)).toEqual([]);
      expect(second.status).toBe(0);
      await server.stop();
      const journal = await readFile(join(server.folder, 'journal.jsonl'), 'utf8');
      expect(journal).toMatch(/"project":"p1","target":"build","durationMs":\d+/);
    },
  );

  const queueOf = (cacheHome: string) => join(cacheHome, 'excel2doc/edge-queue');
  const waiting = async (cacheHome: string) =>
    (await readdir(queueOf(cacheHome))).filter((name) => name.endsWith('.json')).length;

  it.each([
    ['answers 401', 0],
    ['answers 200 to everything', 2],
    ['answers 500', 2],
  ] as const)(
    'behind an upstream that %s leaves %i uploads for later',
    { timeout: 120_000 },
    async (fault, left) => {
      const cacheHome = await temporaryFolder();
      const workspace = await nxWorkspace(nx, 2);
      const upstream = await faultyUpstream(fault);
      const run = edge(workspace, upstream, 'token', cacheHome, buildAll(workspace), quick);
      expect((await run.ended).status).toBe(0);
      expect(await waiting(cacheHome)).toBe(left);
    },
  );

  it(
    'has sent all when its upstream is another Nx cache, which says no more than 200',
    { timeout: 120_000 },
    async () => {
      const cacheHome = await temporaryFolder();
      const workspace = await nxWorkspace(nx, 2);
      const other = await otherNxCache();
      const build = () => edge(workspace, other.url, 'token', cacheHome, buildAll(workspace)).ended;
      const first = await build();
      expect(warnings(first.output)).toEqual([]);
      expect(other.entries.size).toBe(2);
      expect(await waiting(cacheHome)).toBe(0);
      await workspace.forget();
      const second = await build();
      expect(second.output).toContain('[remote cache]');
      expect(second.status).toBe(0);
    },
  );

  it(
    'waits no longer for one that hangs than for one that is down',
    { timeout: 120_000 },
    async () => {
      const cacheHome = await temporaryFolder();
      const workspace = await nxWorkspace(nx, 1);
      // Fills the queue, so that there is something to wait for at the end.
      const down = await faultyUpstream('is down');
      const fill = edge(workspace, down, 'token', cacheHome, buildAll(workspace), quick);
      expect((await fill.ended).status).toBe(0);
      const sink = createServer((request) => void request.resume());
      await new Promise<void>((listening) =>
        sink.listen(Number(new URL(down).port), '127.0.0.1', listening),
      );
      onTestFinished(() => {
        sink.closeAllConnections();
        sink.close();
      });
      const startedMs = Date.now();
      const nothing = [process.execPath, '-e', '0'];
      await edge(workspace, down, 'token', cacheHome, nothing, ['--answer-ms', '1000']).ended;
      // Not the 30 s of --flush-ms.
      expect(Date.now() - startedMs).toBeLessThan(15_000);
      expect(await waiting(cacheHome)).toBe(1);
    },
  );
});

describe('the edge and its command', () => {
  const run = async (args: string[], environment: NodeJS.ProcessEnv = {}) => {
    const workspace = await nxWorkspace(nx, 0);
    return workspace.start([inject('mainFile'), 'edge', ...args], {
      XDG_CACHE_HOME: await temporaryFolder(),
      NX_SELF_HOSTED_REMOTE_CACHE_SERVER: '',
      ...environment,
    });
  };

  it('gives back its exit status', async () => {
    const { ended } = await run(['--', process.execPath, '-e', 'process.exit(7)']);
    expect((await ended).status).toBe(7);
  });

  it('takes a command behind no --, as `nx run cache-server:edge -- COMMAND` passes it on', async () => {
    const upstream = await faultyUpstream('answers 500');
    const script = 'process.exit(process.argv.includes("--upstream") ? 7 : 1)';
    const command = [process.execPath, '-e', script, 'x', '--upstream', 'its-own', '--'];
    const { ended } = await run(['--upstream', upstream, ...command]);
    expect((await ended).status).toBe(7);
  });

  it('gives 127 for a command that is not there', async () => {
    expect((await (await run(['--', 'no-such-command'])).ended).status).toBe(127);
  });

  it('passes a signal on, and the way the command takes it', async () => {
    const script =
      'process.on("SIGTERM", () => process.exit(9)); console.log("up"); setInterval(() => 0, 1e3)';
    const upstream = await faultyUpstream('hangs');
    const { child, ended, output } = await run([
      '--upstream',
      upstream,
      '--',
      process.execPath,
      '-e',
      script,
    ]);
    await expect.poll(output).toContain('up');
    child.kill('SIGTERM');
    expect((await ended).status).toBe(9);
  });

  it('runs it without a cache when there is no upstream, or no place for the queue', async () => {
    const show = [
      '--',
      process.execPath,
      '-e',
      'console.log(process.env.NX_SELF_HOSTED_REMOTE_CACHE_SERVER || "none")',
    ];
    const without = await (await run(show)).ended;
    expect(without).toEqual({ status: 0, output: 'none\n' });
    const unwritable = {
      XDG_CACHE_HOME: '/dev/null',
      NX_SELF_HOSTED_REMOTE_CACHE_SERVER: 'http://127.0.0.1:9',
    };
    const broken = await (await run(show, unwritable)).ended;
    expect(broken.output).toContain('none\n');
    expect(broken.status).toBe(0);
  });

  it('answers nobody but its command', async () => {
    const script =
      'console.log("at " + process.env.NX_SELF_HOSTED_REMOTE_CACHE_SERVER); setTimeout(() => 0, 60_000)';
    const upstream = await faultyUpstream('hangs');
    const { child, output, ended } = await run([
      '--upstream',
      upstream,
      '--',
      process.execPath,
      '-e',
      script,
    ]);
    await expect.poll(output).toMatch(/at http/);
    expect((await get(/at (\S+)/.exec(output())![1]!, 'guess', '1')).status).toBe(401);
    child.kill('SIGTERM');
    await ended;
  });
});
