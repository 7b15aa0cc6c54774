import { resolveInstructions } from '@excel2doc/dockerfile';
import { expect, test } from 'vitest';
import { planOf } from '../testing/plans';
import { cacheNamespace, keepsOutputs, withNamespace } from './cache-mounts';

const keeps = (...lines: string[]) => keepsOutputs(resolveInstructions(planOf(lines), {}));

test.each([
  '/src/target',
  'target',
  '/app/build',
  '/app/node_modules',
  '/work/.gradle-build',
  '/npmjs',
])('a tool may keep in %s what it made', (target) => {
  expect(keeps(`RUN --mount=type=cache,target=${target} make`)).toBe(true);
});

test.each([
  '/root/.cache/pip',
  '/root/.cache/go-build/',
  '/go/pkg/mod',
  '/root/.npm',
  '/root/.m2/repository',
  '/usr/local/cargo/registry',
  '/var/cache/apt',
  '/app/.next/cache',
  '/home/node/../app/.cache',
])('what is in %s is found by its content', (target) => {
  expect(keeps(`RUN --mount=type=cache,target=${target} make`)).toBe(false);
});

test('another mount keeps nothing', () => {
  expect(keeps('RUN --mount=type=bind,target=/src make', 'RUN make', 'COPY . .')).toBe(false);
});

const LINES = [
  'COPY Cargo.* vendor ./',
  'COPY . .',
  'RUN --mount=type=cache,target=/src/target cargo build',
  'COPY doc /doc',
];
const FILES = { 'Cargo.toml': 'a', 'vendor/x.rs': 'b', 'src/main.rs': 'c', 'doc/a': 'd' };

function namespace({
  lines = LINES,
  files = {},
  ...more
}: { lines?: string[]; files?: Partial<typeof FILES> } & Partial<
  Pick<Parameters<typeof cacheNamespace>[0], 'stages' | 'fresh'>
> = {}): string {
  const plan = planOf(lines, { ...FILES, ...files });
  const instructions = resolveInstructions(plan, {});
  return cacheNamespace({ plan, instructions, stages: {}, fresh: undefined, ...more });
}

test('what the last COPY before the tool brings is new by its time, and parts nothing', () => {
  expect(namespace({ files: { 'src/main.rs': 'other' } })).toBe(namespace());
  expect(namespace({ lines: [...LINES, 'LABEL a=b'] })).toBe(namespace());
});

test.each([
  ['an earlier COPY', { files: { 'Cargo.toml': 'other' } }],
  ['a folder of an earlier COPY', { files: { 'vendor/x.rs': 'other' } }],
  ['a step', { lines: LINES.map((line) => line.replace('build', 'build --release')) }],
  ['a stage that files come from', { stages: { gen: 'sha256:2' } }],
  ['a build from fresh', { fresh: '2026' }],
])('%s that is another parts the mounts', (_, more) => {
  expect(namespace(more)).not.toBe(namespace());
});

test.each([
  [
    'RUN --mount=type=cache,target=/src/target --mount=type=cache,target=/root/.npm make --mount=x',
    /^RUN --mount=type=cache,target=\/src\/target,id=nx-stages-[0-9a-f]{16} --mount=type=cache,target=\/root\/\.npm make --mount=x$/,
  ],
  ['RUN --mount=type=bind,target=/src make', /^RUN --mount=type=bind,target=\/src make$/],
  ['RUN --network=none --mount=type=cache,id=a,target=/t x', /,id=a,target=\/t,id=nx-stages-/],
])('who cannot be told of a namespace gets it with the mounts: %s', (text, expected) => {
  const [run] = resolveInstructions(planOf([text]), {});
  expect(withNamespace(text, run?.kind === 'run' ? run.mounts : [], 'a')).toMatch(expected);
});

test('a mount that is written with quotes is left alone', () => {
  const text = 'RUN --mount="type=cache,target=/t" x';
  const [run] = resolveInstructions(planOf([text]), {});
  expect(withNamespace(text, run?.kind === 'run' ? run.mounts : [], 'a')).toBeUndefined();
});
