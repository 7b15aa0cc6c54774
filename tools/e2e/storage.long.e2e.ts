// Takes 60 s.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { locateEngine } from '@excel2doc/engine';
import { expect, test } from 'vitest';
import { workspaceRoot } from '../workspace';

test('the service keeps its files in a real S3', async () => {
  const finder = join(workspaceRoot, 'apps/cache-server/tools/s3-server.mjs');
  const { findS3Server } = (await import(pathToFileURL(finder).href)) as {
    findS3Server(options: { install: boolean }): string | null;
  };
  const server = findS3Server({ install: true });
  expect(server, 'no S3 server: run `npx nx run cache-server:test-tools`').not.toBeNull();
  const engine = await locateEngine();
  const { exitCode, stdout } = await engine.run({
    image: `excel2doc/backend-test:${process.env['NX_STAGES_TAG'] ?? 'dev'}`,
    command: ['pytest', 'tests/storage', '-q'],
    mounts: [`type=bind,source=${server},target=/usr/local/bin/versitygw,readonly`],
    tmpfs: ['/tmp:mode=1777', '/var/lib/excel2doc:uid=10001,gid=10001'],
    readOnly: true,
    network: 'none',
  });
  // Without the server they would all be skipped, which is no proof.
  expect(stdout).toMatch(/\d+ passed/);
  expect(stdout).not.toContain('skipped');
  expect(exitCode, stdout).toBe(0);
});
