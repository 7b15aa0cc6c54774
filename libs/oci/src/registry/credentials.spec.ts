import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../testing/folder';
import { parseChallenge } from './challenge';
import { readCredentials } from './credentials';

async function configured(config: unknown): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(
    join(folder, 'config.json'),
    typeof config === 'string' ? config : JSON.stringify(config),
  );
  return folder;
}

/** A credential helper on PATH: a real process. */
async function helper(name: string, script: string): Promise<void> {
  const folder = await temporaryFolder();
  await mkdir(folder, { recursive: true });
  const path = join(folder, `docker-credential-${name}`);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
  const before = process.env['PATH'];
  process.env['PATH'] = `${folder}:${before}`;
  onTestFinished(() => void (process.env['PATH'] = before));
}

describe('credentials', () => {
  const auth = Buffer.from('me:pass:word').toString('base64');

  it.each([
    ['ghcr.io', { 'ghcr.io': { auth } }],
    ['ghcr.io', { 'https://ghcr.io': { auth } }],
    ['docker.io', { 'https://index.docker.io/v1/': { auth } }],
  ])('for %s are found under the names that Docker uses', async (registry, auths) => {
    expect(await readCredentials(registry, await configured({ auths }))).toEqual({
      kind: 'basic',
      username: 'me',
      password: 'pass:word',
    });
  });

  it('are none where there is no file, or nothing for this registry', async () => {
    expect(await readCredentials('ghcr.io', await temporaryFolder())).toBeNull();
    expect(
      await readCredentials('ghcr.io', await configured({ auths: { other: { auth } } })),
    ).toBeNull();
  });

  it('come from the helper for a registry, which is told its name', async () => {
    await helper('ours', `printf '{"ServerURL":"x","Username":"%s","Secret":"s"}' "$(cat)"`);
    const folder = await configured({
      credHelpers: { 'ghcr.io': 'ours' },
      auths: { 'ghcr.io': { auth } },
    });
    expect(await readCredentials('ghcr.io', folder)).toEqual({
      kind: 'basic',
      username: 'ghcr.io',
      password: 's',
    });
  });

  it('from a store that knows nothing fall back to the file', async () => {
    await helper('store', 'echo "credentials not found in native keychain"; exit 1');
    const folder = await configured({ credsStore: 'store', auths: { 'ghcr.io': { auth } } });
    expect(await readCredentials('ghcr.io', folder)).toMatchObject({ username: 'me' });
  });

  it('may be an identity token', async () => {
    await helper('id', `cat >/dev/null; echo '{"Username":"<token>","Secret":"t"}'`);
    const folder = await configured({ credsStore: 'id' });
    expect(await readCredentials('ghcr.io', folder)).toEqual({ kind: 'identity', token: 't' });
  });

  it.each([
    ['a helper that is not there', { credsStore: 'missing-on-purpose' }],
    ['a file that is no JSON', '{'],
  ])('with %s end in CREDENTIALS', async (_what, config) => {
    await expect(readCredentials('ghcr.io', await configured(config))).rejects.toMatchObject({
      code: 'CREDENTIALS',
    });
  });
});

describe('a challenge', () => {
  it.each([
    [
      'Bearer realm="https://a/t?x=1",service="s",scope="repository:a/b:pull,push"',
      {
        scheme: 'bearer',
        parameters: { realm: 'https://a/t?x=1', service: 's', scope: 'repository:a/b:pull,push' },
      },
    ],
    ['Basic realm="a \\"b\\""', { scheme: 'basic', parameters: { realm: 'a "b"' } }],
    ['bearer REALM=https://a', { scheme: 'bearer', parameters: { realm: 'https://a' } }],
    ['Negotiate', null],
  ])('%s', (header, expected) => {
    expect(parseChallenge(header)).toEqual(expected);
  });
});
