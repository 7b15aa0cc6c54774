// Takes 120 s.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import { projectContainers } from '@excel2doc/services';
import { type TestWorkspace, testWorkspace } from '@excel2doc/services/testing/workspace';
import composeUp from './executor';
import { executorContext } from '../../testing/context';

let workspace: TestWorkspace;

const path = (name: string) => join(workspace.root, 'docker', name);
/** As git and editors write a file: another one in its place. */
async function write(name: string, text: string): Promise<void> {
  await writeFile(path(`${name}.new`), text);
  await rename(path(`${name}.new`), path(name));
}

async function up() {
  let said = '';
  const keep = (text: unknown) => Boolean((said += String(text)));
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(keep),
  );
  const error = vi.spyOn(console, 'error').mockImplementation((line) => void keep(`${line}\n`));
  const { success } = await composeUp(
    { ...workspace.options, service: 'app', waitSeconds: 60, tryOut: true },
    executorContext(workspace.root),
  );
  [...spies, error].forEach((spy) => spy.mockRestore());
  return { success, said };
}

const ids = async () => {
  const containers = await projectContainers(workspace.engine, workspace.project);
  return Object.fromEntries(
    containers.map(({ service, id, state }) => [service, `${id} ${state}`]),
  );
};
/** What the program of `service` read when it started. */
async function read(service: string): Promise<string> {
  const { compose } = await workspace.open();
  return (await compose.exec(service, ['cat', '/tmp/read'])).stdout.trim();
}

const IMAGE = `HEALTHCHECK --interval=1s CMD test -e /tmp/read
CMD ["sh", "-c", "if grep -sq exit /etc/read.conf; then exit 3; fi; cat /etc/read* /run/secrets/* > /tmp/read 2> /dev/null; exec sleep 600"]
`;
const AS_IT_WAS = 'as it was, and healthy: app, front, guarded, owner, plain\n';

beforeEach(async () => {
  if (workspace) return;
  workspace = await testWorkspace(
    (project) => `
x-app: &app { image: '${project}/app:dev', stop_grace_period: 0s }
services:
  app:
    <<: *app
    deploy: { update_config: { order: start-first } }
    volumes: ['./app.conf:/etc/read.conf:ro']
  plain: { image: '${project}/other:dev', stop_grace_period: 0s, volumes: ['./folder:/folder:ro'] }
  front:
    image: ${project}/other:dev
    stop_grace_period: 0s
    volumes: ['./front.conf:/etc/read.conf:ro']
    configs: [{ source: word, target: /etc/read.word }]
    secrets: [secret]
  guarded:
    image: ${project}/other:dev
    stop_grace_period: 0s
    labels: { nx-stages.check: ' grep -q good /etc/read.conf ' }
    volumes: ['./guarded.conf:/etc/read.conf:ro']
  owner: { image: '${project}/other:dev', stop_grace_period: 0s, volumes: ['./owned:/etc/read.conf'] }
configs:
  word: { content: '\${WORD:-first word}' }
secrets:
  secret: { file: ./secret }
`,
  );
  await mkdir(path('folder'));
  for (const name of ['app.conf', 'front.conf', 'guarded.conf', 'owned', 'secret'])
    await writeFile(path(name), `first good ${name}\n`);
  await workspace.image('app', 'dev', `RUN echo app > /app\n${IMAGE}`);
  await workspace.image('other', 'dev', IMAGE);
  expect(await up()).toMatchObject({ success: true });
  expect((await up()).said).toBe(AS_IT_WAS);
});

afterAll(() => workspace.remove());

test.each<[string, () => unknown, string, string, RegExp]>([
  [
    'a file',
    () => write('front.conf', 'second\n'),
    'front',
    'docker/front.conf',
    /^second\nfirst wordfirst good secret$/,
  ],
  ['a secret', () => write('secret', 'other\n'), 'front', 'docker/secret', /other$/],
  ['a text', () => vi.stubEnv('WORD', 'second word'), 'front', 'config word', /second word/],
  [
    'a file that passes its check',
    () => write('guarded.conf', 'second good\n'),
    'guarded',
    'docker/guarded.conf',
    /^second good$/,
  ],
  [
    'a file of the image that is tried out',
    () => write('app.conf', 'second\n'),
    'app',
    'docker/app.conf',
    /^second$/,
  ],
])(
  'another content of %s reaches its service, and no other',
  async (_, change, service, source, text) => {
    const before = await ids();
    await change();
    const { success, said } = await up();
    expect(said).toContain(
      `${service} has a new container, since its files have changed: ${source}\n`,
    );
    expect(success).toBe(true);
    expect(await read(service)).toMatch(text);
    const after = await ids();
    expect(after[service]).not.toBe(before[service]);
    expect({ ...after, [service]: '' }).toEqual({ ...before, [service]: '' });
    expect((await up()).said).toBe(AS_IT_WAS);
  },
);

test('a file that was written anew with the same content, and one in a folder, replace nothing', async () => {
  const before = await ids();
  await write('folder/data', 'new');
  await write('guarded.conf', 'second good\n');
  expect(await up()).toEqual({ success: true, said: AS_IT_WAS });
  expect(await ids()).toEqual(before);
});

test('a file that is changed while compose-up waits is not what was brought up', async () => {
  const before = await ids();
  await write('front.conf', 'before\n');
  const going = up();
  await vi.waitFor(async () => expect((await ids())['front']).not.toBe(before['front']), 60_000);
  await write('front.conf', 'meanwhile\n');
  // As every other Compose target does.
  await workspace.open();
  expect(await going).toMatchObject({ success: true });
  expect((await up()).said).toContain('front has a new container, since its files have changed');
  expect(await read('front')).toMatch(/^meanwhile\n/);
});

test('a file that does not pass its check replaces nothing', async () => {
  const before = await ids();
  await write('guarded.conf', 'bad\n');
  const { success, said } = await up();
  await write('guarded.conf', 'second good\n');
  expect(said).toMatch(
    /guarded does not take docker\/guarded\.conf \(grep: exit status 1\); of what ran before, guarded \(\w{12}\) still serves/,
  );
  expect(success).toBe(false);
  expect(await ids()).toEqual(before);
});

test('of what another checkout brought up, a service with a secret is replaced, and no file is said to have changed', async () => {
  await up();
  const before = await ids();
  const key = path(`../dist/compose/${workspace.project}.key`);
  await rm(key);
  await write('guarded.conf', 'bad\n');
  const refused = await up();
  await write('guarded.conf', 'second good\n');
  expect(refused.said).toContain(
    'guarded does not take docker/guarded.conf (grep: exit status 1); of what',
  );
  expect(refused.success).toBe(false);
  expect(await ids()).toEqual(before);
  const { success, said } = await up();
  expect(success).toBe(true);
  expect(said).not.toContain('have changed');
  const { front, ...others } = await ids();
  expect(front).not.toBe(before['front']);
  expect({ ...others, front: before['front'] }).toEqual(before);
});

test('an image that does not get healthy with the new file is not called new', async () => {
  const before = await ids();
  await write('app.conf', 'exit\n');
  const { success, said } = await up();
  await write('app.conf', 'second\n');
  expect(said).toMatch(
    /The image \(\w{12}\) with the new configuration did not get healthy: app: it ended with exit status 3; of what ran before, app \(\w{12}\) still serves/,
  );
  expect(success).toBe(false);
  expect(await ids()).toEqual(before);
});

test.each([
  ['guarded', 'guarded.conf'],
  ['front', 'secret'],
])('a file of %s that is gone is named, and its service goes on with it', async (service, name) => {
  await up();
  const before = await ids();
  const text = await readFile(path(name), 'utf8');
  await rm(path(name));
  const { success, said } = await up();
  await write(name, text);
  expect(said).toContain(`${service} mounts docker/${name}, which is gone; its container was left`);
  expect(success).toBe(false);
  expect(await ids()).toEqual(before);
});

test('a file that its service may write is told, and replaces nothing', async () => {
  const told = /^docker\/owned was written after owner started.*nothing was replaced for that/m;
  await up();
  const before = await ids();
  await writeFile(path('owned'), 'second\n');
  const { success, said } = await up();
  expect(said).toMatch(told);
  expect(success).toBe(true);
  expect(await ids()).toEqual(before);
  const { compose } = await workspace.open();
  await compose.restart(['owner'], { timeoutSeconds: 0 });
  expect(await read('owner')).toBe('second');
  expect((await up()).said).not.toMatch(told);
});
