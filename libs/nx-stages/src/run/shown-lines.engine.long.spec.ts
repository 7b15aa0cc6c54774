// Takes 60 s.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { projectContainers } from '@excel2doc/services';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';
import { screenOf } from '../testing/screen';

/** Of it the base image is taken: a shell, as a layout on this machine. */
let staged: StagedWorkspace;
const name = `shown-${randomBytes(4).toString('hex')}`;
const workspace = new NxWorkspace();

beforeAll(async () => {
  staged = await StagedWorkspace.make();
  await workspace.start({
    'docker/images.local.json': await readFile(`${staged.root}/images.local.json`, 'utf8'),
    'web/project.json': JSON.stringify({ name }),
    'web/Dockerfile': `FROM busybox:test AS made
RUN for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $n of ${name}; done; echo made > /etc/made
FROM busybox:test AS site
COPY --from=made /etc/made /site/index.html
CMD ["/bin/busybox", "httpd", "-f", "-p", "8000", "-h", "/site"]
`,
    'web/compose.yaml': `name: ${name}
services:
  web:
    image: ${name}:dev
    stop_grace_period: 0s
    healthcheck:
      test: [CMD, /bin/busybox, wget, -q, -O, /dev/null, 'http://127.0.0.1:8000/index.html']
      interval: 1s
`,
  });
  const { status, output } = await workspace.nx('run', `${name}:compose-up`);
  if (status !== 0) throw new Error(output);
  // What a batch keeps of a load is asked for once more.
  await workspace.nx('run', `${name}:docker-build`);
}, 300_000);

afterAll(async () => {
  const { engine } = staged;
  const ids = (await projectContainers(engine, name)).map(({ id }) => id);
  await engine.command(['rm', '--force', ...ids], { allowFailure: true });
  await engine.command(['network', 'rm', `${name}_default`], { allowFailure: true });
  for (const { repository, tag } of await engine.listImages([`reference=${name}`]))
    await engine.removeImage(`${repository}:${tag}`);
  await staged.remove();
  workspace.remove();
});

/** Nx's own lines: its headings, its rule, and what it says of the run as a whole. */
const NX_SAYS =
  /^(?:> nx run |—| *[✔⠀-⣿]| NX {3}|Nx |With additional flags|(?: {2}(?:Run duration|Cache|Critical path|Recoverable time):)|(?: {3}Hint: you can run))/;

/** What stands in the terminal when a run has ended: all but empty lines, and which of them are not Nx's. */
async function shown(args: string[], env: NodeJS.ProcessEnv) {
  const text = await workspace.beginInTerminal(args, env).ended(240_000);
  const all = screenOf(text).filter((line) => line !== '');
  return { text, all, ours: all.filter((line) => !NX_SAYS.test(line)) };
}

const TERMINALS = [
  ['a terminal', { NX_TUI: 'false' }],
  [
    "Nx's terminal UI",
    { NX_TUI: 'true', NX_TUI_AUTO_EXIT: 'true', NX_TUI_SKIP_CAPABILITY_CHECK: 'true' },
  ],
] as const;

test.each(TERMINALS)(
  'an image in which nothing changed is a line for each of its tasks: %s',
  async (_, env) => {
    const { all, ours } = await shown(['run', `${name}:docker-build`], env);
    expect(ours, all.join('\n')).toEqual([
      expect.stringMatching(/^made \S+ sha256:.* log: dist\/web\/docker\/made\/build\.log$/),
      expect.stringMatching(/^site \S+ sha256:/),
      `${name}:dev is in the engine`,
    ]);
    // Nx's: a heading for each task, a rule, how it ended, what came of the cache, four of statistics.
    expect(all.length, all.join('\n')).toBeLessThanOrEqual(ours.length + 3 + 8);
  },
  300_000,
);

test.each(TERMINALS)(
  'services as they were are one line more: %s',
  async (_, env) => {
    const { all, ours } = await shown(['run', `${name}:compose-up`], env);
    expect(ours.at(-1), all.join('\n')).toBe('as it was, and healthy: web');
    expect(ours, all.join('\n')).toHaveLength(4);
  },
  300_000,
);

test.each(TERMINALS)(
  'docker-explain by run-many stands below what Nx draws: %s',
  async (_, env) => {
    const { all, ours } = await shown(['run-many', '-t', 'docker-explain'], env);
    expect(ours, all.join('\n')).toEqual([
      `${name}:docker-explain`,
      expect.stringMatching(/^hit +made /),
      expect.stringMatching(/^hit +site /),
    ]);
  },
  300_000,
);
