import { resolveInstructions } from '@excel2doc/dockerfile';
import { expect, test } from 'vitest';
import { planOf } from '../testing/plans';
import { restingPoints } from './resting-points';

const points = (...lines: string[]) => restingPoints(resolveInstructions(planOf(lines), {}));

test('a build rests before files of the context that come between two RUNs', () => {
  expect(points('COPY a /', 'RUN make', 'WORKDIR /x', 'COPY b /', 'ENV C=d', 'RUN make')).toEqual([
    3,
  ]);
  expect(points('RUN one', 'COPY a /', 'COPY b /', 'RUN two', 'ADD c /', 'RUN three')).toEqual([
    1, 4,
  ]);
  expect(points('RUN one', 'RUN --mount=type=bind,target=/src make -C /src')).toEqual([1]);
});

test('and for nothing else', () => {
  expect(points('COPY a /', 'RUN make')).toEqual([]);
  expect(points('COPY a /', 'RUN make', 'COPY b /')).toEqual([]);
  expect(points('RUN one', 'COPY --from=other /a /', 'COPY <<EOF /b\nc\nEOF', 'RUN two')).toEqual(
    [],
  );
  expect(
    points('RUN one', 'RUN --mount=type=cache,target=/c --mount=from=other,target=/o two'),
  ).toEqual([]);
});
