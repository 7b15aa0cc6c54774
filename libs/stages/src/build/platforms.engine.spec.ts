import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Index, Manifest } from '@excel2doc/oci';
import { decompressed, layoutSource } from '@excel2doc/oci';
import { realRegistry } from '@excel2doc/oci/testing/registry';
import { repositoryAt } from '@excel2doc/oci/testing/repository';
import { itemsOf } from '@excel2doc/oci/testing/trees';
import { expect, onTestFinished, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';

const PLATFORMS = ['linux/amd64', 'linux/arm64'];
const OTHER = PLATFORMS.find((platform) => !platform.endsWith(machine()))!;

function machine(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

/** `tools/engine/cli.ts emulate` has the kernel do it. */
const isEmulated = (() => {
  const name = OTHER.endsWith('arm64') ? 'aarch64' : 'x86_64';
  try {
    return readdirSync('/proc/sys/fs/binfmt_misc').some((each) => each.endsWith(name));
  } catch {
    return false;
  }
})();

async function bothPlatforms(): Promise<StagedWorkspace> {
  const workspace = await StagedWorkspace.make({ platforms: PLATFORMS });
  onTestFinished(() => workspace.remove());
  return workspace;
}

async function succeed(step: Promise<{ success: boolean; text: string }>): Promise<string> {
  const { success, text } = await step;
  expect(success, text).toBe(true);
  return text;
}

/** Of a file in the first layer that a stage itself has, for the other platform. */
async function contentOf(workspace: StagedWorkspace, stage: string, path: string) {
  const { layers } = await workspace.record(stage, OTHER);
  const [first] = layers.filter(({ from }) => from === 'self');
  const blob = await layoutSource(workspace.folder(stage, OTHER)).open(first!.digest);
  const items = await itemsOf(decompressed(blob, first!.mediaType));
  return String(items.find(({ entry }) => entry.path.endsWith(path))?.content).trim();
}

test('a stage that only copies is made for both platforms, and pushed as one index', async () => {
  const workspace = await bothPlatforms();
  const dockerfile =
    'FROM busybox:test AS runner\nCOPY main.sh /srv/\nCMD ["sh", "/srv/main.sh"]\n';
  await workspace.write('app/Dockerfile', dockerfile);
  await succeed(workspace.plan());
  // A builder that does not exist shows that none is asked.
  const builders = Object.fromEntries(PLATFORMS.map((platform) => [platform, 'not-there']));
  const said = await succeed(workspace.stage('runner', { builders }));
  for (const platform of PLATFORMS) expect(said).toMatch(new RegExp(`${platform} .*assembled`));

  const repository = repositoryAt(`${await realRegistry()}/team/app`);
  await succeed(workspace.push(repository.name));
  const found = await repository.getManifest('test');
  const { manifests } = JSON.parse(found!.bytes.toString()) as Index;
  expect(manifests.map(({ platform }) => platform)).toEqual([
    { os: 'linux', architecture: 'amd64' },
    { os: 'linux', architecture: 'arm64' },
  ]);
  for (const { digest, platform } of manifests) {
    const image = await repository.getManifest(digest);
    const { layers } = JSON.parse(image!.bytes.toString()) as Manifest;
    for (const layer of layers) expect(await repository.has(layer.digest)).toBe(true);
    const record = await workspace.record('runner', `linux/${platform!.architecture}`);
    expect(digest).toBe(record.digest);
  }
  // Its own platform alone goes into the engine.
  await succeed(workspace.load());
  const { stdout } = await workspace.engine.run({ image: `${workspace.image}:test` });
  expect(stdout).toBe('one\n');
});

test('RUN steps of the other platform are emulated', async ({ skip }) => {
  skip(
    !isEmulated,
    'this kernel has no emulator of the other platform (tools/engine/cli.ts emulate)',
  );
  const workspace = await bothPlatforms();
  await workspace.dockerfile('uname -m > /etc/installed');
  await succeed(workspace.plan());
  await succeed(workspace.stage('builder'));
  await succeed(workspace.stage('deps'));
  const file = await contentOf(workspace, 'deps', 'etc/installed');
  expect(file).toBe(OTHER.endsWith('arm64') ? 'aarch64' : 'x86_64');
});

test('a stage FROM the platform that builds runs natively, for the other one', async () => {
  const workspace = await bothPlatforms();
  const own = PLATFORMS.find((platform) => platform !== OTHER)!;
  const builder = [
    `FROM --platform=${own} busybox:test AS builder`,
    'RUN uname -m > /opt/result',
    'FROM busybox:test AS runner',
    'COPY --from=builder /opt/result /opt/result',
  ];
  await workspace.write('app/Dockerfile', `${builder.join('\n')}\n`);
  await succeed(workspace.plan());
  await succeed(workspace.stage('builder'));
  await succeed(workspace.stage('runner'));
  const { layers } = await workspace.record('runner', OTHER);
  expect(layers.at(-1)!.from).toBe('stage:builder');
  const file = await contentOf(workspace, 'builder', 'opt/result');
  expect(file).toBe(own.endsWith('arm64') ? 'aarch64' : 'x86_64');
});

test('RUN steps go to the builder that is named for their platform', async () => {
  const workspace = await StagedWorkspace.make();
  onTestFinished(() => workspace.remove());
  await succeed(workspace.plan());
  const { platform } = workspace.engine;
  await succeed(workspace.stage('builder', { builders: { [platform]: 'default' } }));
  const { success, text } = await workspace.stage('builder', {
    builders: { [platform]: 'not-there' },
  });
  expect(success).toBe(false);
  expect(text).toMatch(/✗ There is no builder not-there/);
  expect(await readFile(`${workspace.folder('builder')}/image.json`, 'utf8')).toContain('sha256:');
});
