import { afterEach, expect, test, vi } from 'vitest';
import { DockerProject } from './docker-project';
import { enginePlatform, wantedPlatforms } from './platform';
import type { WorkspaceProject } from './workspace-project';

afterEach(() => vi.unstubAllEnvs());

/** How containerd writes what people write. */
const WRITTEN: [written: string, normal: string][] = [
  ['linux/amd64', 'linux/amd64'],
  ['Linux/AMD64', 'linux/amd64'],
  ['x86_64', 'linux/amd64'],
  ['linux/amd64/v1', 'linux/amd64'],
  ['linux/amd64/v3', 'linux/amd64/v3'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/aarch64', 'linux/arm64'],
  ['linux/arm64/v9.2', 'linux/arm64/v9.2'],
  ['linux/arm', 'linux/arm/v7'],
  ['linux/arm/6', 'linux/arm/v6'],
  ['armhf', 'linux/arm/v7'],
  ['linux/armhf/v6', 'linux/arm/v7'],
  ['linux/armel/v7', 'linux/arm/v6'],
  ['linux/i386/x', 'linux/386'],
  ['linux/arm64/v8.0', 'linux/arm64'],
  ['linux/arm64/9', 'linux/arm64/v9'],
  ['linux/aarch64/v9.0', 'linux/arm64/v9'],
  ['linux/riscv64', 'linux/riscv64'],
  ['linux/mips64le', 'linux/mips64le'],
  ['windows/amd64', 'windows/amd64'],
  ['wasi/wasm', 'wasi/wasm'],
  ['wasi/wasm32', 'wasi/wasm32'],
];

test.each(WRITTEN)('%s is %s, in an option and of this machine', (written, normal) => {
  expect(wantedPlatforms([written])).toEqual([normal]);
  vi.stubEnv('NX_STAGES_PLATFORM', written);
  expect(enginePlatform()).toBe(normal);
});

test('a platform that is named twice is wanted once, however it is written', () => {
  const twice = ['linux/arm64', 'linux/amd64', 'linux/ARM64/v8', 'x86_64'];
  expect(wantedPlatforms(twice)).toEqual(['linux/arm64', 'linux/amd64']);
  expect(wantedPlatforms(WRITTEN.map(([written]) => written))).toEqual(
    wantedPlatforms(WRITTEN.map(([, normal]) => normal)),
  );
});

test.each([
  'linux/amd46',
  'lnux/amd64',
  'amd64/linux',
  'linux/linux',
  'linux/arm/v9',
  'linux/arm64/v7',
  'linux/amd64/v5',
  'linux/386/v2',
  'linux/arm/9',
  'wasi/amd64',
  'linux/wasm32',
  'constructor',
  'linux/constructor',
  'linux/amd64/v1/more',
  'linux/',
  '/amd64',
  'linux/amd64,linux/arm64',
  ' linux/amd64',
  '*',
  '',
])('"%s" is refused, wherever it stands', (platform) => {
  const refused = {
    code: 'OPTION_REFUSED',
    message: expect.stringContaining(`there is no platform "${platform}"`) as string,
  };
  expect(() => wantedPlatforms(['linux/amd64', platform])).toThrow(
    expect.objectContaining(refused) as Error,
  );
  const options = { context: '.', lockFile: 'lock.json', platforms: [platform] };
  const project = new DockerProject({ root: '/', folder: '.' } as WorkspaceProject, options);
  expect(() => project.platforms).toThrow(expect.objectContaining(refused) as Error);
  if (platform === '') return;
  vi.stubEnv('NX_STAGES_PLATFORM', platform);
  expect(enginePlatform).toThrow(expect.objectContaining(refused) as Error);
});

test('a list that names none is refused', () => {
  expect(() => wantedPlatforms([])).toThrow('platforms: none is named');
});
