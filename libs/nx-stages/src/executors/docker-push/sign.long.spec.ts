// Takes 20 s.
// And 200 more where cosign has to be built first.
import { execFileSync } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { signerOf, signImage, verifiedImage } from '@excel2doc/services';
import { goTool } from '@excel2doc/oci/testing/go-tool';
import { temporaryFolder } from '@excel2doc/oci/testing/folder';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { repositoryAt } from '@excel2doc/oci/testing/repository';
import { beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { builtStage } from '../../testing/built-stage';

let program: string;
beforeAll(() => {
  program = goTool('github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3');
}, 1_800_000);

beforeEach(() => {
  vi.stubEnv('COSIGN', program);
  vi.stubEnv('COSIGN_PASSWORD', '');
  return () => void vi.unstubAllEnvs();
});

/** A pair of keys. */
async function keys() {
  const folder = await temporaryFolder();
  execFileSync(program, ['generate-key-pair'], { cwd: folder, stdio: 'pipe' });
  return { secret: join(folder, 'cosign.key'), open: join(folder, 'cosign.pub') };
}

const trusting = (key: string) => ({ kind: 'key' as const, key });

/** What cosign gives of a document that is signed. */
function attested(image: string, type: string, key: string): { predicate: unknown } {
  const args = ['verify-attestation', '--key', key, '--insecure-ignore-tlog=true', '--type', type];
  const out = execFileSync(program, [...args, image], { encoding: 'utf8', stdio: 'pipe' });
  const { payload } = JSON.parse(out.trim().split('\n')[0]!) as { payload: string };
  return JSON.parse(Buffer.from(payload, 'base64').toString()) as { predicate: unknown };
}

test('what is pushed with a key is verified with its other half, provenance and packages too', async () => {
  const repository = repositoryAt(`${await realRegistry()}/team/app`);
  const { secret, open } = await keys();
  const { records, push } = await builtStage(['linux/amd64']);
  const pushed = await push({ repository: repository.name, sign: secret });
  expect(pushed.success, pushed.text).toBe(true);
  const { digest } = records[0]!;
  expect(pushed.text).toContain(`@${digest} is signed, with its provenance`);

  const image = `${repository.name}:dev`;
  expect(await verifiedImage(image, trusting(open))).toBe(`${image}@${digest}`);
  const whole = `${repository.name}@${digest}`;
  expect(attested(whole, 'slsaprovenance1', open).predicate).toMatchObject({
    buildDefinition: {
      externalParameters: { project: 'app', stage: 'runner', platforms: ['linux/amd64'] },
      resolvedDependencies: [
        { uri: 'pkg:docker/base@1', digest: { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
      ],
    },
    runDetails: { builder: { id: expect.any(String) } },
  });
  expect(attested(whole, 'spdxjson', open).predicate).toMatchObject({
    spdxVersion: expect.any(String),
  });
}, 120_000);

test('an image that nobody signed, that another signed, or that has changed since is refused', async () => {
  const repository = repositoryAt(`${await realRegistry()}/team/app`);
  const [ours, other] = [await keys(), await keys()];
  const { push } = await builtStage(['linux/amd64']);
  await push({ repository: repository.name, tag: 'unsigned' });
  const verified = (tag: string, key = ours.open) =>
    verifiedImage(`${repository.name}:${tag}`, trusting(key));
  const refusal = (why: RegExp) =>
    expect.objectContaining({ code: 'SIGNATURE_REFUSED', message: expect.stringMatching(why) });

  await expect(verified('unsigned')).rejects.toEqual(
    refusal(
      /^localhost:\d+\/team\/app@sha256:[0-9a-f]{64} is not signed by the key .*; nothing was deployed$/,
    ),
  );
  await expect(verified('missing')).rejects.toEqual(refusal(/:missing is not in its registry/));

  const signed = await push({ repository: repository.name, tag: 'v1', sign: ours.secret });
  expect(signed.success, signed.text).toBe(true);
  await verified('v1');
  await expect(verified('v1', other.open)).rejects.toEqual(refusal(/is not signed by the key/));

  // Somebody who may write to the registry gives the signed name to another image.
  const changed = await builtStage(['linux/arm64']);
  await changed.push({ repository: repository.name, tag: 'v1' });
  await expect(verified('v1')).rejects.toEqual(refusal(/is not signed by the key/));
}, 240_000);

test('a signature alone is not enough: the provenance has to be signed as well', async () => {
  const repository = repositoryAt(`${await realRegistry()}/team/app`);
  const { secret, open } = await keys();
  const { records, push } = await builtStage(['linux/amd64']);
  await push({ repository: repository.name });
  await signImage(`${repository.name}@${records[0]!.digest}`, signerOf(secret));
  await expect(verifiedImage(`${repository.name}:dev`, trusting(open))).rejects.toThrow(
    /has no provenance that is signed by the key/,
  );
}, 120_000);

test('what several machines pushed is signed where it is joined, before it has a tag', async () => {
  const repository = repositoryAt(`${await realRegistry()}/team/app`);
  const { secret, open } = await keys();
  const joining = await builtStage([]);
  const platforms = ['linux/amd64', 'linux/arm64'];
  for (const platform of platforms) {
    const machine = await builtStage([platform]);
    await machine.push({ repository: repository.name, parts: 'push' });
    const written = 'dist/docker-pushed';
    await cp(join(machine.root, written), join(joining.root, written), { recursive: true });
  }
  const joined = { repository: repository.name, parts: 'join', platforms };
  const refused = await joining.push({ ...joined, sign: 'no-such.key' });
  expect(refused.success).toBe(false);
  expect(refused.text).toMatch(/✗ localhost\S+@sha256:\S+ was not signed: .*no-such\.key/);
  expect(await repository.resolve('dev')).toBeNull();

  const { success, text } = await joining.push({ ...joined, sign: secret });
  expect(success, text).toBe(true);
  const index = await repository.resolve('dev');
  expect(await verifiedImage(`${repository.name}:dev`, trusting(open))).toMatch(`@${index}`);
  const { predicate } = attested(`${repository.name}@${index}`, 'slsaprovenance1', open);
  expect(predicate).toMatchObject({ buildDefinition: { externalParameters: { platforms } } });
}, 240_000);

test('without cosign it is said how to get it', async () => {
  vi.stubEnv('COSIGN', '/no/such/cosign');
  onTestFinished(() => void vi.unstubAllEnvs());
  const repository = repositoryAt(`${await realRegistry()}/team/app`);
  const { push } = await builtStage(['linux/amd64']);
  const { success, text } = await push({ repository: repository.name, sign: 'keyless' });
  expect(success).toBe(false);
  expect(text).toContain('✗ /no/such/cosign is not on this machine');
  expect(await repository.resolve('dev')).toBeNull();
});
