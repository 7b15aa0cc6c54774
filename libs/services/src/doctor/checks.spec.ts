import { describe, expect, test } from 'vitest';
import { parseContainer } from '../compose/container';
import { findings } from './checks';
import type { Facts } from './facts';

const GiB = 2 ** 30;
const engine = {
  answers: true as const,
  title: 'Docker 26.1.5',
  platform: 'linux/amd64',
  memoryBytes: 8 * GiB,
  diskFreeBytes: 50 * GiB,
  clockSkewMs: 3,
};
const good: Facts = {
  engine,
  platforms: [],
  foreignPlatforms: [],
  ports: [{ service: 'api', port: 8000, free: true }],
  registry: { answers: true, mirror: '' },
  indexes: [{ url: 'https://index.example/simple', elapsedMs: 200, error: undefined }],
  proxy: undefined,
  extraCertificates: [],
  certificatesInBuild: false,
  missingVariables: [],
  dockerfile: {
    path: 'Dockerfile',
    text: [
      'FROM python:3.12 AS build',
      'COPY requirements.txt .',
      'RUN --mount=type=cache,target=/root/.cache/pip \\',
      '    pip install -r requirements.txt',
      'FROM python:3.12-slim',
      'COPY . .',
      'EXPOSE 8000',
    ].join('\n'),
  },
  hasDockerignore: true,
  contextBytes: 1000,
  planProblems: [],
  lastBuilds: {},
  publishedTargets: [8000],
  exposedPorts: [8000],
  containers: [],
};
const container = (state: object, restarts = 0) =>
  parseContainer({
    Id: 'c',
    Name: '/shop-api-1',
    Image: 'sha256:1',
    Created: '2026-11-24T08:00:00Z',
    RestartCount: restarts,
    Config: { Image: 'shop/api', Labels: { 'com.docker.compose.service': 'api' } },
    State: { Status: 'running', ExitCode: 0, ...state },
  });
const dockerfile = (text: string) => ({ dockerfile: { path: 'Dockerfile', text } });
const unhealthy = { Health: { Status: 'unhealthy', Log: [{ ExitCode: 1, Output: 'refused' }] } };

test('where nothing is wrong, nothing is found', () => {
  expect(findings(good)).toEqual([]);
});

describe('the doctor finds', () => {
  test.each<[id: string, change: Partial<Facts>, seen: string]>([
    [
      'platform-emulated',
      { foreignPlatforms: [{ platform: 'linux/arm64', how: 'emulation', builders: [] }] },
      'linux/arm64 by qemu',
    ],
    [
      'platform-cannot-run',
      { foreignPlatforms: [{ platform: 'linux/arm64', how: 'nothing', builders: [] }] },
      'no builder is named for linux/arm64',
    ],
    [
      'engine-missing',
      { engine: { answers: false, code: 'NO_ENGINE', message: 'not installed' } },
      'not installed',
    ],
    [
      'engine-old',
      { engine: { answers: false, code: 'ENGINE_TOO_OLD', message: 'Docker 20.10' } },
      '20.10',
    ],
    ['engine-memory', { engine: { ...engine, memoryBytes: GiB } }, '1.0 GiB'],
    ['disk-full', { engine: { ...engine, diskFreeBytes: GiB } }, '1.0 GiB'],
    ['clock-skew', { engine: { ...engine, clockSkewMs: -60_000 } }, '-60.0 s'],
    ['emulation', { platforms: [{ service: 'api', platform: 'linux/arm64' }] }, 'linux/arm64'],
    ['port-taken', { ports: [{ service: 'api', port: 8000, free: false }] }, '8000'],
    ['registry-unreachable', { registry: { answers: false, mirror: '' } }, 'no mirror'],
    [
      'index-unreachable',
      { indexes: [{ url: 'https://index.example', elapsedMs: undefined, error: 'ENOTFOUND' }] },
      'ENOTFOUND',
    ],
    [
      'index-slow',
      { indexes: [{ url: 'https://index.example', elapsedMs: 9_000, error: undefined }] },
      '9000 ms',
    ],
    ['proxy-ca-missing', { extraCertificates: ['corp.crt'] }, 'corp.crt'],
    [
      'env-variable-missing',
      { missingVariables: [{ name: 'KEY', file: 'compose.yaml', message: 'set it' }] },
      'set it',
    ],
    ['compose-dockerfile-mismatch', { publishedTargets: [80] }, 'EXPOSE 8000'],
    [
      'cache-never-hits',
      {
        planProblems: [
          { stage: 'deps', kind: 'uncacheable', reason: 'base is not locked', line: 3 },
        ],
      },
      'line 3',
    ],
    ['context-large', { hasDockerignore: false, contextBytes: GiB }, '1.0 GiB'],
    [
      'no-cache-mount',
      dockerfile('FROM a\nCOPY requirements.txt .\nRUN pip install -r requirements.txt'),
      'pip install',
    ],
    [
      'sources-before-dependencies',
      dockerfile('FROM a\nCOPY . .\nRUN --mount=type=cache,target=/c pip install x'),
      'COPY . .',
    ],
    [
      'sources-before-dependencies',
      dockerfile('FROM a\nRUN --mount=target=/src --mount=type=cache,target=/c pip install /src'),
      'pip install /src',
    ],
    [
      'sources-before-dependencies',
      dockerfile('FROM a AS b\nCOPY . .\nFROM b\nRUN --mount=type=cache,target=/c npm ci'),
      'COPY . .',
    ],
    [
      'packages-in-one-layer',
      {
        lastBuilds: {
          build: {
            steps: [],
            inOneLayer: [{ path: '/opt/venv', packages: 31, sizeBytes: 45 << 20 }],
          },
        },
      },
      'stage build: 31 packages, 45.0 MiB',
    ],
    [
      'container-failed',
      { containers: [container({ Status: 'exited', ExitCode: 3 })] },
      'exit status 3',
    ],
    ['container-failed', { containers: [container({}, 9)] }, '9 restarts'],
    [
      'container-out-of-memory',
      { containers: [container({ Status: 'exited', ExitCode: 137, OOMKilled: true })] },
      '137',
    ],
    ['container-unhealthy', { containers: [container(unhealthy)] }, 'refused'],
  ])('%s', (id, change, seen) => {
    const found = findings({ ...good, ...change });
    expect(found.map((each) => each.id)).toEqual([id]);
    expect(found[0]?.seen).toContain(seen);
    for (const text of [found[0]?.what, found[0]?.fix]) {
      expect(text?.en).toBeTruthy();
      expect(text?.zh).toMatch(/\p{Script=Han}/u);
    }
  });

  test('how long that step took when it ran last, on the slowest platform', () => {
    const steps = [
      { step: 'RUN make', seconds: 40 },
      { step: 'RUN pip install -U pip', seconds: 7 },
      { step: 'RUN --mount=type=bind,target=/l pip install  -r /l', seconds: 12.34 },
      { step: 'RUN pip install -r /l', seconds: 11 },
    ];
    const text = 'FROM a\nRUN pip install -U pip\nCOPY . .\nRUN pip install -r /l';
    const seen = (lastBuilds: Facts['lastBuilds']) =>
      findings({ ...good, ...dockerfile(text), lastBuilds }).map((each) => each.seen);
    expect(seen({ 'stage-0': { steps, inOneLayer: [] } })).toEqual([
      'line 4: RUN pip install -r /l; 12.3 s when it ran last',
      'COPY . ., before line 4: RUN pip install -r /l; 12.3 s when it ran last',
    ]);
    // What BuildKit had in its cache did not run.
    expect(seen({ 'stage-0': { steps: steps.slice(0, 2), inOneLayer: [] } })[0]).toBe(
      'line 4: RUN pip install -r /l',
    );
  });

  test.each([
    ['RUN uv pip install -r r.txt', '/root/.cache/uv'],
    ['RUN pip install uv && uv sync', '/root/.cache/uv'],
    ['RUN npm install -g pnpm && pnpm install', '/root/.local/share/pnpm/store'],
  ])('one installer in %j', (step, cache) => {
    const found = findings({ ...good, ...dockerfile(`FROM a\nCOPY . .\n${step}`) });
    expect(found.map(({ id }) => id)).toEqual(['no-cache-mount', 'sources-before-dependencies']);
    expect(found[0]?.fix.en).toContain(cache);
  });

  test.each([
    'FROM a AS deps\nRUN --mount=type=cache,target=/g go mod download\nFROM deps\nCOPY . .\nRUN go build',
    'FROM a AS deps\nRUN --mount=type=cache,target=/g go mod download\nFROM b\nCOPY --from=deps /go /go\nCOPY . .\nRUN --mount=type=cache,target=/g go build',
    'FROM a AS deps-prod\nRUN --mount=type=cache,target=/g go mod download\nFROM deps-$V\nCOPY . .\nRUN go build',
    'FROM a\nRUN --mount="type=cache",target=/c --mount="type=bind",src=list,target=/l pip install -r /l',
    'FROM a\nRUN npm install -g npm@10\nCOPY . .',
    'FROM a\nRUN --mount=type=cache,target=/c --mount=type=bind,source=list,target=/l pip install -r /l',
    'FROM a\nRUN --mount=type=cache,target=/c --mount=type=bind,from=b,target=/l pip install /l',
  ])('nothing wrong in %j', (text) => {
    expect(findings({ ...good, ...dockerfile(text) })).toEqual([]);
  });

  test('no emulation where only the variant differs', () => {
    const arm = { ...engine, platform: 'linux/arm64' };
    const platforms = [{ service: 'api', platform: 'linux/arm64/v8' }];
    expect(findings({ ...good, engine: arm, platforms })).toEqual([]);
  });

  test('errors before warnings', () => {
    const change = {
      registry: { answers: false, mirror: '' },
      ports: [{ service: 'a', port: 1, free: false }],
    };
    expect(findings({ ...good, ...change }).map(({ severity }) => severity)).toEqual([
      'error',
      'warning',
    ]);
  });
});
