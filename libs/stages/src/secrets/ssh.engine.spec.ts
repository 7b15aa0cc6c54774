import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readBases } from '@excel2doc/engine';
import { StagedWorkspace } from '../testing/staged';

/** Asks the agent for its keys, as `ssh-add -l` does, and writes down their comments. */
const ASK = `import os, socket, struct
agent = socket.socket(socket.AF_UNIX)
agent.connect(os.environ['SSH_AUTH_SOCK'])
agent.sendall(struct.pack('>IB', 1, 11))
size, = struct.unpack('>I', agent.recv(4, socket.MSG_WAITALL))
print(agent.recv(size, socket.MSG_WAITALL)[-len('key-of-a-test'):].decode())
`;
const BASE = 'python:3.12-slim-bookworm';

let workspace: StagedWorkspace;
let agent: Record<string, string>;

beforeAll(async () => {
  workspace = await StagedWorkspace.make();
  const { engine, root } = workspace;
  const bases = Object.values((await readBases())?.platforms[engine.platform] ?? {});
  const base = bases.find(({ reference }) => reference === BASE)!;
  const image = { digest: base.digest, layoutDir: base.layoutDir, tag: 'ssh-test' };
  const images = { [BASE]: { [engine.platform]: image } };
  await workspace.write('images.local.json', JSON.stringify({ format: 1, images }));
  await workspace.write('app/ask.py', ASK);
  const started = execFileSync('ssh-agent', ['-s', '-a', join(root, 'agent')], {
    encoding: 'utf8',
  });
  const value = (name: string) => new RegExp(`${name}=([^;]+)`).exec(started)![1]!;
  agent = { SSH_AUTH_SOCK: value('SSH_AUTH_SOCK'), SSH_AGENT_PID: value('SSH_AGENT_PID') };
  const key = join(root, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'key-of-a-test', '-f', key]);
  execFileSync('ssh-add', ['-q', key], { env: { ...process.env, ...agent } });
}, 300_000);
afterAll(async () => {
  if (agent) process.kill(Number(agent['SSH_AGENT_PID']));
  await workspace.remove();
});

async function made(mount: string, rest: object) {
  await workspace.write(
    'app/Dockerfile',
    `FROM ${BASE} AS deps\nCOPY ask.py /\nRUN --mount=${mount} if [ -S "$SSH_AUTH_SOCK" ]; then python3 /ask.py; else echo none; fi > /asked\n`,
  );
  const planned = await workspace.plan(rest);
  const built = await workspace.stage('deps', rest);
  return { success: built.success, text: `${planned.text}\n${built.text}` };
}

async function asked(): Promise<string> {
  const { path } = await workspace.ownLayer('deps', 1);
  return execFileSync('tar', ['-xzOf', path, 'asked'], { encoding: 'utf8' });
}

test('a step speaks with the agent, and what is made without it is another', async () => {
  delete process.env['SSH_AUTH_SOCK'];
  const ssh = ['default'];
  const without = await made('type=ssh', { ssh });
  expect(without.text).toContain(
    'stage deps is made without the SSH agent default: the variable SSH_AUTH_SOCK is not set',
  );
  expect(without.success, without.text).toBe(true);
  expect(await asked()).toBe('none\n');
  process.env['SSH_AUTH_SOCK'] = agent['SSH_AUTH_SOCK'];
  const { success, text } = await made('type=ssh', { ssh });
  expect(success, text).toBe(true);
  expect(await asked()).toBe('key-of-a-test\n');
}, 300_000);

test('an agent is given by its socket and a key by its file, under a name', async () => {
  delete process.env['SSH_AUTH_SOCK'];
  for (const path of ['agent', 'key']) {
    const given = await made(`type=ssh,id=git,required,mode=0600`, { ssh: [`git=${path}`] });
    expect(given.success, given.text).toBe(true);
  }
  // A key that was read from a file has no comment: what is asked for is its end.
  expect(await asked()).not.toBe('none\n');
}, 300_000);

test('a required one that is not there is refused in one line', async () => {
  delete process.env['SSH_AUTH_SOCK'];
  expect((await made('type=ssh,required', { ssh: ['default'] })).text).toContain(
    '✗ app/Dockerfile: stage deps requires the SSH agent default, and the variable SSH_AUTH_SOCK is not set. Give it by the option "ssh"',
  );
  expect((await made('type=ssh,required,id=git', {})).text).toContain('and nobody gives it');
}, 300_000);
