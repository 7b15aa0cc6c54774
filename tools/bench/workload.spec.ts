import { expect, test } from 'vitest';
import { withOwnSteps } from './workload';

test('steps and cache mounts of a Dockerfile are its own by the first stage’s environment', () => {
  const text = `# a comment
FROM python:3.12 AS builder
RUN --mount=type=cache,target=/root/.cache/pip --mount=type=bind,target=/src pip install a
FROM builder
`;
  expect(withOwnSteps(text, 'bake')).toBe(`# a comment
FROM python:3.12 AS builder
ENV BENCH=bake
RUN --mount=type=cache,id=bake/root/.cache/pip,target=/root/.cache/pip --mount=type=bind,target=/src pip install a
FROM builder
`);
});
