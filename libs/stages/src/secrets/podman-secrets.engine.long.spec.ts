// Takes 60 s.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decompressed, layoutSource, readImageRecord } from '@excel2doc/oci';
import { itemsOf } from '@excel2doc/oci/testing/trees';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type TestPodman, testPodman } from '../testing/podman';
import { StagedWorkspace } from '../testing/staged';

const TOKEN = 'tok/3n+with=odd&chars-4712';

let podman: TestPodman;
let workspace: StagedWorkspace;
let agent: Record<string, string>;

beforeAll(async () => {
  podman = await testPodman();
  for (const [name, value] of Object.entries(podman.env)) vi.stubEnv(name, value);
  workspace = await StagedWorkspace.make();
  expect(workspace.engine.kind).toBe('podman');
  const socket = join(workspace.root, 'agent');
  const started = execFileSync('ssh-agent', ['-s', '-a', socket], { encoding: 'utf8' });
  const pid = /SSH_AGENT_PID=(\d+)/.exec(started)![1]!;
  agent = { SSH_AUTH_SOCK: socket, SSH_AGENT_PID: pid };
}, 300_000);
afterAll(async () => {
  if (agent) process.kill(Number(agent['SSH_AGENT_PID']));
  await workspace?.remove();
  vi.unstubAllEnvs();
  await podman?.remove();
});

/** `deps` with one RUN; `rest` goes to plan and stage. What both said. */
async function made(run: string, rest: object): Promise<{ success: boolean; text: string }> {
  await workspace.write('app/Dockerfile', `FROM busybox:test AS deps\nRUN ${run}\n`);
  const planned = await workspace.plan(rest);
  if (!planned.success) return planned;
  const built = await workspace.stage('deps', rest);
  return { success: built.success, text: `${planned.text}\n${built.text}` };
}

/** What the RUN's layer of `deps` holds: path -> content. */
async function layer(): Promise<Record<string, string>> {
  const { record } = await readImageRecord(workspace.folder('deps'));
  const [own] = record.layers.filter(({ from }) => from === 'self');
  const blob = await layoutSource(workspace.folder('deps')).open(own!.digest);
  const items = await itemsOf(decompressed(blob, own!.mediaType));
  return Object.fromEntries(
    items.flatMap(({ entry, content }) =>
      entry.type === 'file' ? [[entry.path, content.toString()]] : [],
    ),
  );
}

/** Files below `folder` that hold the value, also within layers. */
function holding(folder: string): string[] {
  const forms = [TOKEN, Buffer.from(TOKEN).toString('base64'), encodeURIComponent(TOKEN)];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .filter((path) => {
      const bytes = readFileSync(path);
      const text = bytes[0] === 0x1f && bytes[1] === 0x8b ? execFileSync('zcat', [path]) : bytes;
      return forms.some((form) => text.includes(form));
    });
}

const COUNT =
  'if [ -s /run/secrets/npm ]; then wc -c < /run/secrets/npm; else echo none; fi > /opt/size';

test('Podman gives a secret to a step from the environment, a file and a command, and keeps none', async () => {
  vi.stubEnv('SECRETS_TEST', TOKEN);
  await workspace.write('token', TOKEN);
  const sources = [
    'id=npm,env=SECRETS_TEST',
    'id=npm,src=token',
    { id: 'npm', command: ['printf', '%s', TOKEN] },
  ];
  for (const [at, source] of sources.entries()) {
    const print = `cat /run/secrets/npm; echo ${at}; cat /run/secrets/npm >&2; ${COUNT}`;
    const mount = '--mount=type=secret,id=npm,required';
    const { success, text } = await made(`${mount} ${print}`, { secrets: [source] });
    expect(success, text).toBe(true);
    expect(text).not.toContain(TOKEN);
    expect(await layer()).toEqual({ 'opt/size': `${TOKEN.length}\n` });
    expect(holding(join(workspace.root, 'dist'))).toEqual([]);
  }
}, 300_000);

test('what is made without an optional one never serves a build that has it, nor the other way', async () => {
  const mount = '--mount=type=secret,id=npm';
  const secrets = ['id=npm,env=SECRETS_TEST'];
  for (const [value, size] of [
    ['', 'none'],
    [TOKEN, String(TOKEN.length)],
    ['', 'none'],
  ] as const) {
    vi.stubEnv('SECRETS_TEST', value);
    const { success, text } = await made(`${mount} ${COUNT}`, { secrets });
    expect(success, text).toBe(true);
    expect(await layer()).toEqual({ 'opt/size': `${size}\n` });
  }
}, 300_000);

test('a step that fails shows nothing of it', async () => {
  vi.stubEnv('SECRETS_TEST', TOKEN);
  const fail = '--mount=type=secret,id=npm cat /run/secrets/npm >&2; exit 9';
  const { success, text } = await made(fail, { secrets: ['id=npm,env=SECRETS_TEST'] });
  expect(success).toBe(false);
  expect(text).not.toContain(TOKEN);
  expect(text).toContain('***');
}, 300_000);

test('a step reaches the agent that it is given, and nothing of it stays', async () => {
  vi.stubEnv('SSH_AUTH_SOCK', agent['SSH_AUTH_SOCK']!);
  const ask = 'if [ -S "$SSH_AUTH_SOCK" ]; then echo agent; else echo none; fi > /opt/asked';
  const { success, text } = await made(`--mount=type=ssh,required ${ask}`, { ssh: ['default'] });
  expect(success, text).toBe(true);
  expect(await layer()).toEqual({ 'opt/asked': 'agent\n' });
}, 300_000);
