// Takes 30 s.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nxWorkspace } from './nx-workspace';
import { testServer } from './test-server';

describe.each(['23.2.1', '22.7.12'])('Nx %s', (version) => {
  it(
    'stores its outputs, and gets them back on a machine that has none',
    { timeout: 180_000 },
    async () => {
      const { url, tokens } = await testServer();
      const workspace = await nxWorkspace(version, 2);
      const run = (token: string) =>
        workspace.start([workspace.nxFile, 'run-many', '-t', 'build'], {
          NX_SELF_HOSTED_REMOTE_CACHE_SERVER: url,
          NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: token,
        }).ended;

      const first = await run(tokens.main);
      expect(first.output).not.toContain('[remote cache]');
      expect(first.status).toBe(0);
      await workspace.forget();

      const second = await run(tokens.reader);
      expect(second.output).toMatch(/remote cache/);
      expect(second.status).toBe(0);
      expect(await readFile(join(workspace.folder, 'dist/p1/out.txt'), 'utf8')).toContain('out 1');
    },
  );

  it(
    'goes on when its token may only read, and when an entry exists',
    { timeout: 180_000 },
    async () => {
      const { url, tokens } = await testServer();
      const workspace = await nxWorkspace(version, 1);
      const run = (token: string) =>
        workspace.start([workspace.nxFile, 'run', 'p0:build'], {
          NX_SELF_HOSTED_REMOTE_CACHE_SERVER: url,
          NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: token,
        }).ended;
      expect((await run(tokens.reader)).status).toBe(0);
      await workspace.forget();
      expect((await run(tokens.pr1)).status).toBe(0);
      await workspace.forget();
      const main = await run(tokens.main);
      expect(main.status).toBe(0);
      expect(main.output).not.toContain('[remote cache]');
    },
  );
});
