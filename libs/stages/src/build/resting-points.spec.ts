import { resolveInstructions } from '@excel2doc/dockerfile';
import { expect, test } from 'vitest';
import { planOf } from '../testing/plans';
import { restingPoints, watchRuns } from './resting-points';

function points(...lines: string[]): number[] {
  const plan = planOf(lines);
  return restingPoints(plan, resolveInstructions(plan, {}));
}

test('a build rests before files of the context that come between two RUNs', () => {
  expect(points('RUN init', 'WORKDIR /x', 'COPY b /', 'ENV C=d', 'RUN make')).toEqual([2]);
  const many = ['COPY z /', 'RUN one', 'COPY a /', 'COPY b /', 'RUN two', 'ADD c /', 'RUN three'];
  expect(points(...many)).toEqual([2, 5]);
  const mount = '--mount=type=bind,target=/src';
  expect(points(`RUN ${mount} make -C /src`, `RUN ${mount} make -C /src`)).toEqual([1]);
});

test('and for nothing else', () => {
  expect(points('COPY a /', 'RUN make')).toEqual([]);
  expect(points('COPY a /', 'RUN make', 'COPY b /')).toEqual([]);
  expect(points('RUN one', 'COPY --from=other /a /', 'COPY <<EOF /b\nc\nEOF', 'RUN two')).toEqual(
    [],
  );
  expect(points('RUN one', 'ADD https://example.org/a git@example.org:a.git /', 'RUN two')).toEqual(
    [],
  );
  const mounts = '--mount=type=cache,target=/c --mount=from=other,target=/o';
  expect(points('RUN one', `RUN ${mounts} two`)).toEqual([]);
});

test('triggers of a base are carried out in one go', () => {
  const plan = planOf(['COPY a /', 'RUN one', 'COPY b /', 'RUN two', 'COPY c /', 'RUN three']);
  for (const instruction of plan.instructions.slice(0, 4)) instruction.from = 'base';
  expect(restingPoints(plan, resolveInstructions(plan, {}))).toEqual([4]);
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
  // Two steps of one text.
  const alike = watchRuns();
  alike.onProgress('#5 [own 1/2] RUN make\n#5 DONE 1.0s\n#6 [own 2/2] RUN make\n#6 CACHED\n');
  expect(alike.hasRun()).toBe(true);
});
