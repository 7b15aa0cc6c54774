// Takes 60 s.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from './testing/nx-workspace';

const LONG_MS = 300_000;

/** Of it the base image is taken: a shell, as a layout on this machine. */
let staged: StagedWorkspace;
const workspace = new NxWorkspace();

const nxJsonWith = (builders: object) =>
  JSON.stringify({
    analytics: false,
    cacheDirectory: '.nx/cache',
    plugins: [{ plugin: '@excel2doc/nx-stages', options: { builders } }],
  });

beforeAll(async () => {
  staged = await StagedWorkspace.make();
  await workspace.start({
    'docker/images.local.json': await readFile(`${staged.root}/images.local.json`, 'utf8'),
    'nx.json': nxJsonWith({ '*': ['nobody-1', 'nobody-2'] }),
    'api/project.json': '{"name":"api"}',
    'api/Dockerfile': `FROM busybox:test AS out\nRUN echo ${randomBytes(8).toString('hex')} > /etc/out\n`,
  });
}, LONG_MS);

afterAll(async () => {
  await staged.remove();
  workspace.remove();
});

test(
  'several builders of nx.json of which none is there fail in one line that names each',
  async () => {
    const { status, output } = await workspace.nx('run', 'api:docker-out');
    expect(status).not.toBe(0);
    const [line, ...others] = output.match(/^✗ .*$/gm) ?? [];
    expect(others).toEqual([]);
    expect(line).toMatch(/^✗ No builder for linux\/\w+ is there: There is no builder nobody-(\d); There is no builder nobody-(?!\1)\d/); // prettier-ignore
    expect(output).not.toMatch(/^\s+at /m);
  },
  LONG_MS,
);

test(
  'a stage is kept whoever has built it, and who may build it is in no key',
  async () => {
    workspace.write({ 'nx.json': nxJsonWith({ '*': ['nobody-1', 'default', 'nobody-2'] }) });
    const { status, output } = await workspace.nx('run', 'api:docker-out');
    expect(status, output).toBe(0);
    expect(output.includes('on builder default')).toBe(output.includes('is asked'));
    for (const builders of [{ '*': 'nobody-1' }, {}]) {
      workspace.write({ 'nx.json': nxJsonWith(builders) });
      expect(await workspace.tasks('run', 'api:docker-out')).toEqual({ 'api:docker-out': 'hit' });
    }
  },
  LONG_MS,
);
