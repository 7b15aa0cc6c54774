import type { StagePlan } from '@excel2doc/dockerfile';
import { expect, test } from 'vitest';
import { buildKitDockerfile } from './buildkit-dockerfile';

const plan: StagePlan = {
  platform: 'linux/amd64',
  output: { kind: 'image' },
  base: { kind: 'image', reference: 'python:3.12', digest: null },
  instructions: [
    { keyword: 'RUN', text: 'RUN from the image itself', from: 'base' },
    { keyword: 'ENV', text: 'ENV A=1' },
  ],
  args: {},
  stages: [],
  images: [],
  files: [],
  wholeContext: [],
  uncacheable: [],
};

test('a trigger that the base image runs by itself is not written again', () => {
  expect(buildKitDockerfile(plan).text).toBe('FROM nx-stages-base AS nx-stages-own\nENV A=1\n');
});

test('a stage of paths exports these alone', () => {
  const { text, target } = buildKitDockerfile({
    ...plan,
    output: { kind: 'paths', paths: ['/opt/v env'] },
  });
  expect(target).toBe('nx-stages-export');
  expect(text).toMatch(
    /FROM scratch AS nx-stages-export\nCOPY --link --from=nx-stages-own \["\/opt\/v env","\/opt\/v env"\]\n$/,
  );
});

test('the directives that change what the instructions mean come first', () => {
  const { text } = buildKitDockerfile({
    ...plan,
    base: { kind: 'scratch' },
    frontend: { syntax: 'docker/dockerfile:1', escape: '`' },
  });
  expect(text).toMatch(/^# syntax=docker\/dockerfile:1\n# escape=`\nFROM scratch AS /);
});
