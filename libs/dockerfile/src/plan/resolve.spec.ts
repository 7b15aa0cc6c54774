import { expect, test } from 'vitest';
import type { StagePlan } from '../plan';
import { resolveInstructions } from './resolve';

const plan = (texts: string[], args: Record<string, string> = {}): StagePlan => ({
  platform: 'linux/amd64',
  output: { kind: 'image' },
  base: { kind: 'scratch' },
  instructions: texts.map((text) => ({ keyword: 'ENV', text })),
  args,
  stages: [],
  images: [],
  files: [],
  wholeContext: [],
  uncacheable: [],
});

test('ENV sees what the base hands down, and pairs of one ENV the values from before it', () => {
  const resolved = resolveInstructions(
    plan(['ENV PATH=/opt/venv/bin:$PATH', 'ENV A=1', 'ENV A=2 B=$A', 'WORKDIR /srv/${B:-x}']),
    { PATH: '/usr/bin' },
  );
  expect(resolved).toEqual([
    { kind: 'env', entries: [{ key: 'PATH', value: '/opt/venv/bin:/usr/bin' }], line: 1 },
    { kind: 'env', entries: [{ key: 'A', value: '1' }], line: 2 },
    {
      kind: 'env',
      entries: [
        { key: 'A', value: '2' },
        { key: 'B', value: '1' },
      ],
      line: 3,
    },
    { kind: 'workdir', path: '/srv/1', line: 4 },
  ]);
});

test('a build argument wins over the default that ARG has', () => {
  const [, copy] = resolveInstructions(
    plan(['ARG DIR=app', 'COPY $DIR /srv/'], { DIR: 'src' }),
    {},
  );
  expect(copy).toMatchObject({ kind: 'copy', sources: ['src'], destination: '/srv/' });
});

test('a health check has its times in nanoseconds', () => {
  const [check] = resolveInstructions(
    plan(['HEALTHCHECK --interval=1m30s --retries=4 CMD ["python", "-V"]']),
    {},
  );
  expect(check).toEqual({
    kind: 'healthcheck',
    test: ['CMD', 'python', '-V'],
    intervalNs: 90e9,
    retries: 4,
    line: 1,
  });
});

test('what has to be run says so', () => {
  const written = [
    'ARG T=/c',
    'RUN --network=none --mount=type=cache,target=$T --mount=from=deps make',
  ];
  expect(resolveInstructions(plan(written), {})[1]).toEqual({
    kind: 'run',
    network: 'none',
    extras: [],
    line: 2,
    mounts: [
      { type: 'cache', target: '/c', rest: {} },
      { type: 'bind', from: 'deps', rest: {} },
    ],
  });
});
