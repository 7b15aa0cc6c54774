import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';

const TOKEN = 'tok/3n+with=odd&chars-4711';

let workspace: StagedWorkspace;
beforeAll(async () => {
  workspace = await StagedWorkspace.make();
}, 300_000);
afterAll(() => workspace.remove());

/** `deps` with one RUN; `rest` goes to plan and stage. What both said. */
async function made(run: string, rest: object): Promise<{ success: boolean; text: string }> {
  await workspace.dockerfile(run);
  const planned = await workspace.plan(rest);
  if (!planned.success) return planned;
  await workspace.stage('builder', rest);
  const built = await workspace.stage('deps', rest);
  return { success: built.success, text: `${planned.text}\n${built.text}` };
}

const dist = () => join(workspace.root, 'dist');
const log = () => readFileSync(join(dist(), 'app/docker/deps/build.log'), 'utf8');
const plan = () => readFileSync(join(dist(), 'app/docker/plan/deps.json'), 'utf8');

/** What the RUN's layer of `deps` holds: path -> content. */
async function layer(): Promise<Record<string, string>> {
  const { path } = await workspace.ownLayer('deps');
  const names = execFileSync('tar', ['-tzf', path], { encoding: 'utf8' }).split('\n');
  return Object.fromEntries(
    names
      .filter((name) => name && !name.endsWith('/'))
      .map((name) => [name, execFileSync('tar', ['-xzOf', path, name], { encoding: 'utf8' })]),
  );
}

/** Files below `folder` that hold any writing of the value. */
function holding(folder: string, value: string): string[] {
  const forms = [value, Buffer.from(value).toString('base64'), encodeURIComponent(value)];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .filter((path) => {
      const bytes = readFileSync(path);
      const text =
        path.includes('/blobs/') && bytes[0] === 0x1f ? execFileSync('zcat', [path]) : bytes;
      return forms.some((form) => text.includes(form));
    });
}

const counted = (mount: string) =>
  `--mount=type=secret,${mount} if [ -s /run/secrets/npm ]; then wc -c < /run/secrets/npm > /opt/size; else echo none > /opt/size; fi`;

test('a secret is there for a RUN and nowhere else, whatever prints it', async () => {
  process.env['SECRETS_TEST'] = TOKEN;
  const print =
    '--mount=type=secret,id=npm,required cat /run/secrets/npm; echo; base64 < /run/secrets/npm; ' +
    'for i in 1 2 3; do sed s/^/$i:/ /run/secrets/npm; echo; done; wc -c < /run/secrets/npm > /opt/size';
  const { success, text } = await made(print, { secrets: ['id=npm,env=SECRETS_TEST'] });
  expect(success, text).toBe(true);
  expect(log()).toContain('***');
  expect(log()).toContain('2:***');
  expect(holding(dist(), TOKEN)).toEqual([]);
  expect(text).not.toContain(TOKEN);
  expect(await layer()).toEqual({ 'opt/size': `${TOKEN.length}\n` });
  expect(plan()).toContain('"secrets": [\n    { "kind": "secret", "id": "npm", "given": true }');
}, 300_000);

test('a step that fails shows nothing of it', async () => {
  const fail = '--mount=type=secret,id=npm cat /run/secrets/npm; exit 9';
  const { success, text } = await made(fail, { secrets: ['id=npm,env=SECRETS_TEST'] });
  expect(success).toBe(false);
  expect(text).toMatch(/exit status 9/);
  expect(text).toContain('***');
  expect(text).not.toContain(TOKEN);
  expect(holding(dist(), TOKEN)).toEqual([]);
}, 300_000);

test('what is made without an optional one never serves what is made with it, nor a version another', async () => {
  delete process.env['SECRETS_ABSENT'];
  const secrets = ['id=npm,env=SECRETS_ABSENT'];
  const without = await made(counted('id=npm'), { secrets });
  expect(without.text).toContain(
    'stage deps is made without the secret npm: the variable SECRETS_ABSENT is not set',
  );
  expect(await layer()).toEqual({ 'opt/size': 'none\n' });
  const key = plan();
  process.env['SECRETS_ABSENT'] = '';
  expect((await made(counted('id=npm'), { secrets })).text).toContain('SECRETS_ABSENT is empty');
  expect(plan()).toBe(key);
  process.env['SECRETS_ABSENT'] = 'four';
  await made(counted('id=npm'), { secrets });
  expect(plan()).not.toBe(key);
  expect(await layer()).toEqual({ 'opt/size': '4\n' });
  // Another value is the same key, and BuildKit's own cache answers.
  process.env['SECRETS_ABSENT'] = 'sixsix';
  await made(counted('id=npm'), { secrets });
  expect(await layer()).toEqual({ 'opt/size': '4\n' });
  await made(counted('id=npm'), { secrets, secretVersion: { npm: '2' } });
  expect(await layer()).toEqual({ 'opt/size': '6\n' });
}, 300_000);

test('a required one that nobody gives is refused before anything is built, with the option', async () => {
  const { success, text } = await made(counted('id=npm,required'), {});
  expect(success).toBe(false);
  expect(text).toContain(
    '✗ app/Dockerfile: stage deps requires the secret npm, and nobody gives it. Give it by the option "secrets" of the target docker-plan (for all stages) or docker-deps, or of the plugin in nx.json: "id=npm,env=VARIABLE".',
  );
  const given = await made(counted('id=npm,required'), { secrets: ['id=npm,src=no/such'] });
  expect(given.text).toContain(`the file ${workspace.root}/no/such is not there`);
}, 300_000);

test('a command is run once, its output is the secret, and what it says when it fails is shown', async () => {
  const counter = join(workspace.root, 'asked');
  const command = `echo x >> ${counter}; echo from-manager`;
  const secrets = [{ id: 'npm', command, shell: true }];
  const run = counted('id=npm,required');
  expect((await made(run, { secrets, secretVersion: 'c' })).success).toBe(true);
  expect(await layer()).toEqual({ 'opt/size': '12\n' });
  const failing = [
    { id: 'npm', command: ['sh', '-c', 'echo hidden-value; echo locked >&2; exit 4'] },
  ];
  const { success, text } = await made(run, { secrets: failing });
  expect(success).toBe(false);
  expect(text).toContain('✗ secret npm: sh ended with status 4\nlocked');
  expect(text).not.toContain('hidden-value');
  await made(run, { secrets, secretVersion: 'd' });
  expect(readFileSync(counter, 'utf8')).toBe('x\n');
}, 300_000);

test.each([
  ['a folder', (root: string) => [`id=npm,src=${root}`], /✗ secret npm: \S+ is a folder/],
  [
    'one that is too large',
    (root: string) => [`id=npm,src=${root}/large`],
    /✗ secret npm: \S+large has 512001 bytes, and BuildKit takes no more than 512000/,
  ],
])(
  '%s is refused in one line',
  async (_, secrets, message) => {
    await workspace.write('large', 'x'.repeat(512_001));
    const { success, text } = await made(counted('id=npm'), { secrets: secrets(workspace.root) });
    expect(success).toBe(false);
    expect(text).toMatch(message);
  },
  300_000,
);

test('bytes come through whole: binary, the most there may be, a comma in the path, a mode and an owner', async () => {
  const path = 'odd,"name".bin';
  await workspace.write(path, '');
  const { writeFile } = await import('node:fs/promises');
  const bytes = Buffer.alloc(512_000, Buffer.from([0, 255, 10, 200]));
  await writeFile(join(workspace.root, path), bytes);
  const run =
    '--mount=type=secret,id=npm,target=/etc/own.bin,mode=0444,uid=7 ' +
    'sha256sum < /etc/own.bin > /opt/sum; stat -c "%a %u" /etc/own.bin >> /opt/sum';
  const { success, text } = await made(run, { secrets: [{ id: 'npm', src: path }] });
  expect(success, text).toBe(true);
  const { createHash } = await import('node:crypto');
  const sum = createHash('sha256').update(bytes).digest('hex');
  // The mount point is taken away again, as BuildKit does it.
  expect(await layer()).toEqual({ 'opt/sum': `${sum}  -\n444 7\n` });
  const command = ['cat', join(workspace.root, path)];
  await made(run, { secrets: [{ id: 'npm', command }], secretVersion: 'by command' });
  expect(await layer()).toEqual({ 'opt/sum': `${sum}  -\n444 7\n` });
}, 300_000);
