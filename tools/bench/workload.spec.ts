import { expect, test } from 'vitest';
import { withOwnSteps } from './workload';

test('every base image is given a file that no other way has, before all steps on it', () => {
  const text = `# a comment
FROM --platform=linux/amd64 python:3.12 AS Builder
RUN make /opt/venv
FROM scratch
COPY --from=builder /opt/venv /opt/venv
FROM builder AS test
FROM python:3.12-slim AS runner
COPY --from=builder /opt/venv /opt/venv
`;
  expect(withOwnSteps(text, 'bake')).toBe(`# a comment
FROM --platform=linux/amd64 python:3.12 AS Builder
COPY bench-mark /bench-mark
RUN make /opt/venv
FROM scratch
COPY bench-mark /bench-mark
COPY --from=builder /opt/venv /opt/venv
FROM builder AS test
FROM python:3.12-slim AS runner
COPY bench-mark /bench-mark
COPY --from=builder /opt/venv /opt/venv
`);
});

test.each([
  [
    'type=cache,target=/root/.cache/pip',
    'type=cache,target=/root/.cache/pip,id=bake-root-.cache-pip',
  ],
  ['type=cache,sharing=locked,target=/a', 'type=cache,sharing=locked,target=/a,id=bake-a'],
  ['target=/a,type=cache', 'target=/a,type=cache,id=bake-a'],
  ['type=cache,dst=/a', 'type=cache,dst=/a,id=bake-a'],
  ['type=cache,id=pip,target=/a', 'type=cache,target=/a,id=bakepip'],
  ['type=bind,target=/src', 'type=bind,target=/src'],
])('of --mount=%s a way has --mount=%s', (options, expected) =>
  expect(withOwnSteps(`RUN --mount=${options} pip install a`, 'bake')).toBe(
    `RUN --mount=${expected} pip install a`,
  ),
);
