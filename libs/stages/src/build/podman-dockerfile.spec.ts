import { type StagePlan, resolveInstructions } from '@excel2doc/dockerfile';
import { expect, test } from 'vitest';
import { inBlocks, podmanDockerfile } from './podman-dockerfile';

function planOf(lines: string[], rest: Partial<StagePlan> = {}): StagePlan {
  return {
    platform: 'linux/amd64',
    output: { kind: 'image' },
    base: { kind: 'scratch' },
    instructions: lines.map((text) => ({ keyword: text.split(' ')[0] as 'RUN', text })),
    args: {},
    stages: [],
    images: [],
    files: [],
    wholeContext: [],
    uncacheable: [],
    ...rest,
  };
}

test('Podman is given the RUNs, and what stands between them of ENV and the like', () => {
  const plan = planOf([
    ...['ENV A=1', 'WORKDIR /srv', 'RUN one', 'ENV B=2', 'USER 7', 'RUN two', 'ENV C=3'],
    ...['COPY a /', 'RUN three', 'CMD ["x"]'],
  ]);
  expect(inBlocks(resolveInstructions(plan, {}))).toEqual([
    { kind: 'assembly', from: 0, to: 2 },
    { kind: 'run', from: 2, to: 6 },
    { kind: 'assembly', from: 6, to: 8 },
    { kind: 'run', from: 8, to: 9 },
    { kind: 'assembly', from: 9, to: 10 },
  ]);
});

test('arguments of before stand in front with their values, but for those that ENV hides', () => {
  const lines = [
    'ARG GIVEN=no',
    'ARG WRITTEN=\'a "b" $c\'',
    'ARG HIDDEN=x',
    'ENV HIDDEN=y',
    'RUN x',
  ];
  const plan = planOf(lines, { args: { GIVEN: 'yes' } });
  const resolved = resolveInstructions(plan, {});
  const text = podmanDockerfile(
    plan,
    resolved,
    { kind: 'run', from: 4, to: 5 },
    { base: 'localhost/base:1', environment: new Set(['HIDDEN']) },
  );
  expect(text.split('\n')).toEqual([
    'FROM localhost/base:1',
    'ARG GIVEN="yes"',
    'ARG WRITTEN="a \\"b\\" \\$c"',
    'RUN x',
    '',
  ]);
});
