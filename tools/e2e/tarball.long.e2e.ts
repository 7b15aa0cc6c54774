// Takes 60 s.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalRegistry, startRegistry } from './package/registry';
import {
  bareWorkspace,
  NX_VERSION,
  publishPackage,
  shell,
  userEnvironment,
  writeFiles,
} from './package/workspace';

const scratch = mkdtempSync(join(tmpdir(), 'nx-stages-tarball-'));
let registry: LocalRegistry;

beforeAll(async () => {
  registry = await startRegistry(join(scratch, 'verdaccio'));
  await publishPackage(registry, join(scratch, 'package'));
});
afterAll(() => {
  registry?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

/** As docs/how-to/existing-workspace.md has it: `nx add` takes no tarball. */
test('a tarball is installed and set up', async () => {
  const workspace = { folder: join(scratch, 'shop'), env: userEnvironment(registry.npmrc) };
  await bareWorkspace(workspace, NX_VERSION);
  writeFiles(workspace.folder, {
    'a/backend/Dockerfile': 'FROM scratch\nCOPY Dockerfile /\n',
    'b/backend/Dockerfile': 'FROM scratch\nCOPY Dockerfile /\n',
  });
  const installed = await shell(
    workspace,
    `npm pack --pack-destination . ${join(scratch, 'package')} && npm install -D ./excel2doc-nx-stages-*.tgz && npx nx g @excel2doc/nx-stages:init`,
  );
  expect(installed.output).toContain('nx run a-backend:docker-build');
  const shown = await shell(workspace, 'npx nx show projects --with-target=docker-build');
  expect(shown.output.trim().split('\n')).toEqual(['a-backend', 'b-backend']);
});
