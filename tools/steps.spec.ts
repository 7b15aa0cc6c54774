import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { newToken, parseConfig, startServer } from '@excel2doc/cache-server';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { nx, step } from './steps';
import { workspaceRoot } from './workspace';

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'excel2doc-steps-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** A workspace of one project, whose target `build` is cached. */
function scratchWorkspace(): string {
  const folder = temporaryFolder();
  const target = {
    executor: 'nx:run-commands',
    cache: true,
    inputs: ['{projectRoot}/**/*'],
    outputs: ['{workspaceRoot}/out'],
    options: { command: "node -e \"fs.mkdirSync('out'); fs.writeFileSync('out/a', 'made')\"" },
  };
  const files = {
    'package.json': { name: 'scratch', private: true },
    'nx.json': { analytics: false, cacheDirectory: '.nx/cache' },
    'a/project.json': { name: 'a', targets: { build: target } },
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), JSON.stringify(content));
  }
  symlinkSync(join(workspaceRoot, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

const build = (workspace: string) =>
  nx('steps-spec', ['run', 'a:build'], () => undefined, workspace);

beforeEach(() => {
  // What an outer Nx, which runs this test, has put there.
  for (const key of Object.keys(process.env)) if (key.startsWith('NX_')) vi.stubEnv(key, undefined);
  vi.stubEnv('NX_DAEMON', 'false');
  vi.stubEnv('NX_ISOLATE_PLUGINS', 'false');
  vi.stubEnv('XDG_CACHE_HOME', temporaryFolder());
  onTestFinished(() => void vi.unstubAllEnvs());
});

test('a step whose action failed without a throw is not called done', async () => {
  const said = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  onTestFinished(() => said.mockRestore());
  const ended = async (ok: boolean) => {
    await step(
      'the tests',
      async () => ({ ok }),
      (result) => result.ok,
    );
    return said.mock.lastCall?.[0] as string;
  };
  expect(await ended(true)).toMatch(/^✓ the tests \(/);
  expect(await ended(false)).toMatch(/^✗ the tests \(/);
});

describe('Nx, where a remote cache is configured', { timeout: 180_000 }, () => {
  test('shares what it made through the edge', async () => {
    const directory = temporaryFolder();
    const { token, sha256 } = newToken();
    const config = {
      listen: { port: 0 },
      log: 'silent',
      scopes: { main: { trusted: true } },
      tokens: [{ name: 'test', sha256, scope: 'main' }],
      store: { kind: 'disk', directory },
    };
    const server = await startServer(parseConfig(config, {}, directory));
    onTestFinished(() => server.stop());
    vi.stubEnv('EXCEL2DOC_CACHE_UPSTREAM', server.url);
    vi.stubEnv('EXCEL2DOC_CACHE_TOKEN', token);

    expect(await build(scratchWorkspace())).not.toContain('[remote cache]');
    expect(await readdir(join(directory, 'entries/main'))).toHaveLength(1);
    const elsewhere = scratchWorkspace();
    expect(await build(elsewhere)).toContain('[remote cache]');
    expect(await readFile(join(elsewhere, 'out/a'), 'utf8')).toBe('made');
  });

  test('goes on, and says so, when that is not there', async () => {
    vi.stubEnv('EXCEL2DOC_CACHE_UPSTREAM', 'http://127.0.0.1:9');
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    expect(await build(scratchWorkspace())).toContain('Successfully ran target build');
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      expect.stringContaining('the remote cache fails, so the run goes on without'),
    );
  });
});
