// Takes 40 s.
// And 200 more where cosign has to be built first.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attest, signerOf, signImage } from '@excel2doc/services';
import { goTool } from '@excel2doc/oci/testing/go-tool';
import { type TestWorkspace, testWorkspace } from '@excel2doc/services/testing/workspace';
import { temporaryFolder } from '@excel2doc/oci/testing/folder';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { repositoryAt } from '@excel2doc/oci/testing/repository';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { executorContext } from '../../testing/context';
import deploy from './executor';

const OUTPUT = 'dist/deploy/app.yaml';
let workspace: TestWorkspace;
let tag: string;
let program: string;

beforeAll(async () => {
  program = goTool('github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3');
  vi.stubEnv('COSIGN', program);
  vi.stubEnv('COSIGN_PASSWORD', '');
  workspace = await testWorkspace(
    (project) => `services:
  app:
    image: ${project}/app:dev
    environment: { PASSWORD: a-secret-of-the-test }
`,
  );
  const image = await workspace.image('app', 'dev', 'RUN true\nCMD ["true"]\n');
  tag = (await workspace.engine.inspectImage(image))!.id.slice(7, 19);
}, 1_800_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  await workspace.remove();
}, 120_000);

/** The image in a registry of its own, under the name that deploy gives it; and a pair of keys. */
async function pushed() {
  const repository = repositoryAt(`${await realRegistry()}/team/app`);
  const name = `${repository.name}:${tag}`;
  await workspace.engine.tag(`${workspace.project}/app:dev`, name);
  await workspace.engine.command(['push', name]);
  await workspace.engine.removeImage(name);
  const folder = await temporaryFolder();
  execFileSync(program, ['generate-key-pair'], { cwd: folder, stdio: 'pipe' });
  const digest = (await repository.resolve(tag))!;
  return {
    repository: repository.name,
    digest,
    secret: join(folder, 'cosign.key'),
    open: join(folder, 'cosign.pub'),
  };
}

async function run(more: object): Promise<{ success: boolean; said: string }> {
  const lines: string[] = [];
  const error = vi.spyOn(console, 'error').mockImplementation((line) => void lines.push(line));
  const options = { ...workspace.options, service: 'app', to: 'kubernetes' as const };
  const rest = { dryRun: false, volumeSize: '1Gi', waitSeconds: 60, output: OUTPUT };
  const context = executorContext(workspace.root);
  const { success } = await deploy({ ...options, ...rest, ...more }, context);
  error.mockRestore();
  return { success, said: lines.join('\n') };
}

test('an image is deployed by the digest that was signed, and not at all where it is not', async () => {
  const { repository, digest, secret, open } = await pushed();
  const refused = await run({ repository, verifyKey: open });
  expect(refused).toMatchObject({ success: false });
  const [line = '', ...more] = refused.said.split('\n');
  expect(line).toMatch(/^✗ \S+@sha256:\S+ is not signed by the key .*; nothing was deployed\. /);
  expect(more).toEqual([]);
  expect(existsSync(join(workspace.root, OUTPUT))).toBe(false);

  const image = `${repository}@${digest}`;
  await signImage(image, signerOf(secret));
  await attest(image, signerOf(secret), [{ type: 'slsaprovenance1', content: '{"buildDefinition":{"buildType":"urn:test"},"runDetails":{"builder":{"id":"urn:test"}}}' }]); // prettier-ignore
  expect(await run({ repository, verifyKey: open })).toEqual({ success: true, said: '' });
  const manifests = await readFile(join(workspace.root, OUTPUT), 'utf8');
  expect(manifests).toContain(`image: ${repository}:${tag}@${digest}\n`);

  const stranger = await pushed();
  const other = await run({ repository, verifyKey: stranger.open });
  expect(other.said).toMatch(/^✗ \S+ is not signed by the key /);
}, 240_000);

test('it is said where nobody can know whose signature is meant', async () => {
  const { success, said } = await run({ repository: 'localhost:1/a', verifyIssuer: 'https://x' });
  expect(success).toBe(false);
  expect(said).toMatch(
    /^✗ It is not clear whose signature the image has to have\. Give --verifyKey/,
  );
}, 120_000);
