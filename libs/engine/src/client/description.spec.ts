import { describe, expect, it } from 'vitest';
import { type DockerInfo, describeEngine, majorOf } from './description';

const address = { kind: 'system' as const, docker: 'docker', env: {} };
const plugins = [
  { Name: 'buildx', Path: '/plugins/docker-buildx', Version: 'v0.13.1' },
  { Name: 'compose', Path: '/plugins/docker-compose', Version: '2.26.1-4' },
];
const info: DockerInfo = {
  ServerVersion: '26.1.5+dfsg1',
  OSType: 'linux',
  Architecture: 'x86_64',
  DriverStatus: [['driver-type', 'io.containerd.snapshotter.v1']],
  ClientInfo: { Plugins: plugins },
};

describe('describeEngine', () => {
  it('says versions, store, platform and where the plugins are', () => {
    expect(describeEngine(address, info)).toEqual({
      ...address,
      buildxPath: '/plugins/docker-buildx',
      composePath: '/plugins/docker-compose',
      serverVersion: '26.1.5+dfsg1',
      buildxVersion: '0.13.1',
      composeVersion: '2.26.1-4',
      store: 'containerd',
      platform: 'linux/amd64',
    });
  });

  it('takes an engine without a snapshotter for one with the classic store', () => {
    const classic = {
      ...info,
      DriverStatus: [['Backing Filesystem', 'extfs']] as [string, string][],
    };
    expect(describeEngine(address, classic).store).toBe('classic');
  });

  it.each([
    ['Docker 24', { ...info, ServerVersion: '24.0.7' }, 'ENGINE_TOO_OLD', '24.0.7'],
    ['Docker 20.10', { ...info, ServerVersion: '20.10.24+dfsg1' }, 'ENGINE_TOO_OLD', '20.10.24'],
    ['no buildx', { ...info, ClientInfo: { Plugins: plugins.slice(1) } }, 'NO_BUILDX', 'no buildx'],
    [
      'no Compose',
      { ...info, ClientInfo: { Plugins: plugins.slice(0, 1) } },
      'NO_COMPOSE',
      'no Compose',
    ],
    [
      'Compose 1',
      { ...info, ClientInfo: { Plugins: [plugins[0]!, { ...plugins[1]!, Version: '1.29.2' }] } },
      'NO_COMPOSE',
      'Compose 1.29.2',
    ],
    [
      'a plugin that does not start',
      { ...info, ClientInfo: { Plugins: [{ ...plugins[0]!, Err: 'exit status 1' }, plugins[1]!] } },
      'NO_BUILDX',
      'no buildx',
    ],
    ['Windows containers', { ...info, OSType: 'windows' }, 'NO_LINUX_CONTAINERS', 'windows'],
  ])('refuses %s by name', (_, refused, code, named) => {
    expect(() => describeEngine(address, refused)).toThrowError(
      expect.objectContaining({
        code,
        message: expect.stringContaining(named),
        hint: expect.stringMatching(/./),
      }),
    );
  });
});

describe('majorOf', () => {
  it.each([
    ['26.1.5+dfsg1', 26],
    ['v2.26.1-4', 2],
    ['1.29.2', 1],
    ['28', 28],
    ['', 0],
    ['unknown', 0],
    ['dev', Number.MAX_SAFE_INTEGER],
  ])('%j is %d', (version, major) => expect(majorOf(version)).toBe(major));
});
