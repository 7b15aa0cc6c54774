// Takes 90 s.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { stripVTControlCharacters } from 'node:util';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';

/** Of it the base image is taken: a shell, as a layout on this machine. */
let staged: StagedWorkspace;
const workspace = new NxWorkspace();

beforeAll(async () => {
  staged = await StagedWorkspace.make();
  await workspace.start({
    'docker/images.local.json': await readFile(`${staged.root}/images.local.json`, 'utf8'),
    'api/Dockerfile': dockerfile('true'),
  });
}, 300_000);

afterAll(async () => {
  await staged.remove();
  workspace.remove();
});

/** Each time another one, so that nobody has it in a cache. */
function dockerfile(script: string): string {
  const step = (name: string) =>
    `FROM busybox:test AS ${name}\nRUN echo ${name} of ${randomBytes(8).toString('hex')} > /etc/${name}; ${script}\n`;
  return `${step('one')}${step('two')}FROM scratch AS all\nCOPY --from=one /etc/one /\nCOPY --from=two /etc/two /\n`;
}

const offered = () => workspace.list('.nx/workspace-data/docker-live');

/** It does not end: whoever has seen the line has not waited for the step. */
const ENDLESS = 'echo it-began; sleep 3600';

test.each([
  ['a pipe', ['run-many', '-t', 'docker-one', 'docker-two'], 'begin', {}],
  ['a pipe, one target', ['run', 'api:docker-all'], 'begin', {}],
  ['a terminal', ['run', 'api:docker-all'], 'beginInTerminal', { NX_TUI: 'false' }],
] as const)(
  'what steps of two stages print is seen before they end: %s',
  async (_, args, begin, env) => {
    workspace.write({ 'api/Dockerfile': dockerfile(ENDLESS) });
    const running = workspace[begin]([...args], env);
    try {
      const first = await running.line(/(?:one|two) \|   it-began/, 240_000);
      const other = /one \|/.test(first) ? 'two' : 'one';
      // It may have come first, less its second line.
      if (!new RegExp(`${other} \\|   it-began`).test(running.rest))
        await running.line(new RegExp(`${other} \\|   it-began`), 240_000);
      expect(workspace.has('dist/api/docker/one/build.json')).toBe(false);
    } finally {
      await running.interrupt();
    }
  },
  600_000,
);

test("Nx's terminal UI shows it as well", async () => {
  workspace.write({ 'api/Dockerfile': dockerfile(ENDLESS) });
  const running = workspace.beginInTerminal(['run', 'api:docker-one'], {
    NX_TUI: 'true',
    NX_TUI_SKIP_CAPABILITY_CHECK: 'true',
  });
  try {
    await expect
      .poll(() => stripVTControlCharacters(running.rest), { timeout: 240_000, interval: 200 })
      .toContain('it-began');
  } finally {
    await running.interrupt();
  }
}, 600_000);

test.each([
  ['a pipe', 'begin', { NX_TUI: 'false' }],
  ['a terminal', 'beginInTerminal', { NX_TUI: 'false' }],
  ["Nx's terminal UI", 'beginInTerminal', { NX_TUI: 'true', NX_TUI_AUTO_EXIT: 'true' }],
] as const)(
  'it is kept nowhere: of a hit there is a line; the whole is in build.log: %s',
  async (_, begin, env) => {
    workspace.write({ 'api/Dockerfile': dockerfile('echo said; sleep 1') });
    const before = offered();
    const running = workspace[begin](['run', 'api:docker-one'], env);
    const text = await running.ended(240_000);
    expect(stripVTControlCharacters(text)).toContain('one |   said');
    // Of a run that was interrupted some may be there until its process is gone.
    expect(before).toEqual(expect.arrayContaining(offered()));
    const { status, output } = await workspace.nx('run', 'api:docker-one');
    expect(status, output).toBe(0);
    expect(output).toContain('[local cache]');
    expect(output).not.toContain(' | ');
    expect(output.match(/^one\b.*$/gm)).toEqual([
      expect.stringMatching(/^one \S+ sha256:.* log: dist\/api\/docker\/one\/build\.log$/),
    ]);
    expect(workspace.read('dist/api/docker/one/build.log')).toMatch(/^#\d+ \d\S* said$/m);
  },
  600_000,
);

test('of a step that fails its cause comes after all that was shown, and then where the log is', async () => {
  workspace.write({ 'api/Dockerfile': dockerfile('echo the cause; exit 7') });
  const { status, output } = await workspace.nx('run', 'api:docker-one');
  expect(status).not.toBe(0);
  expect(output).toMatch(
    /^one \|   the cause$[\s\S]*^✗ .*exit status 7[\s\S]*the cause[\s\S]*log: dist\/api\/docker\/one\/build\.log/m,
  );
}, 300_000);
