import { resolveInstructions } from '@excel2doc/dockerfile';
import { type Base, SCRATCH } from '@excel2doc/oci';
import { expect, test } from 'vitest';
import { planOf } from '../testing/plans';
import { hasCopied, restingPoints, watchRuns } from './resting-points';

const resolved = (lines: string[]) => resolveInstructions(planOf(lines), {});
const points = (...lines: string[]) => restingPoints(resolved(lines));

test('a build rests before files of the context that come between two RUNs', () => {
  expect(points('COPY a /', 'RUN make', 'WORKDIR /x', 'COPY b /', 'ENV C=d', 'RUN make')).toEqual([
    3,
  ]);
  const many = ['COPY z /', 'RUN one', 'COPY a /', 'COPY b /', 'RUN two', 'ADD c /', 'RUN three'];
  expect(points(...many)).toEqual([2, 5]);
  const mount = '--mount=type=bind,target=/src';
  expect(points(`RUN ${mount} make -C /src`, `RUN ${mount} make -C /src`)).toEqual([1]);
  expect(points('COPY --from=other /a /', 'RUN make', 'COPY a /', 'RUN make')).toEqual([2]);
});

test('and for nothing else', () => {
  expect(points('COPY a /', 'RUN make')).toEqual([]);
  expect(points('COPY a /', 'RUN make', 'COPY b /')).toEqual([]);
  expect(points('COPY a /', 'RUN one', 'COPY --from=other /a /', 'RUN two')).toEqual([]);
  const mounts = '--mount=type=cache,target=/c --mount=from=other,target=/o';
  expect(points('COPY a /', 'RUN one', `RUN ${mounts} two`)).toEqual([]);
});

test('a RUN before any file has come has made nothing of one', () => {
  const lines = ['RUN apt-get update', 'COPY requirements.txt .', 'RUN pip install'];
  expect(points(...lines)).toEqual([]);
  expect(restingPoints(resolved(lines), true)).toEqual([1]);
});

test('a stage that it is built on may have brought some', () => {
  const image = (from: 'base' | 'self', created_by: string): Base => ({
    ...SCRATCH,
    layers: [
      { digest: 'sha256:0', diffId: 'sha256:0', sizeBytes: 1, mediaType: '', from } as never,
    ],
    config: { history: [{ created_by: 'ENV A=B', empty_layer: true }, { created_by }] } as never,
  });
  expect(hasCopied(image('self', 'COPY a b # buildkit'))).toBe(true);
  expect(hasCopied(image('self', 'RUN /bin/sh -c make'))).toBe(false);
  // What a base image from elsewhere was made of is not ours.
  expect(hasCopied(image('base', 'COPY a b # buildkit'))).toBe(false);
  expect(hasCopied(SCRATCH)).toBe(false);
});

test('whether a RUN was carried out is seen from the progress', () => {
  const told: string[] = [];
  const watch = watchRuns((text) => void told.push(text));
  watch.onProgress(
    '#0 building\n#5 [own 1/2] RUN one\n#5 CACHED\n#6 [own 2/2] COPY a /\n#6 DONE 0.1s\n',
  );
  expect(watch.hasRun()).toBe(false);
  watch.onProgress('#7 [own 3/3] RUN two\n#7 DONE 0.0s\n');
  expect(watch.hasRun()).toBe(true);
  expect(told).toHaveLength(2);
});
