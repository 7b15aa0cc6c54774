import { resolveInstructions } from '@excel2doc/dockerfile';
import { SCRATCH } from '@excel2doc/oci';
import { expect, test } from 'vitest';
import { planOf } from '../testing/plans';
import { layerMakers } from './layer-makers';

const makers = (...lines: string[]) => layerMakers(resolveInstructions(planOf(lines), {}), SCRATCH);

test('a layer is made by a RUN, from the context, or from another stage', () => {
  const lines = [
    'ENV A=b',
    'COPY a /',
    'RUN make',
    'ADD b /',
    'COPY --from=deps /c /',
    'CMD ["x"]',
  ];
  expect(makers(...lines)).toEqual(['context', 'run', 'context', 'stage']);
  expect(makers('COPY <<EOF /b\nc\nEOF')).toEqual(['context']);
});

test('a WORKDIR makes one, unless it is the root', () => {
  expect(makers('WORKDIR /a', 'WORKDIR ..', 'WORKDIR b', 'COPY . .')).toEqual([
    'stage',
    'stage',
    'context',
  ]);
});
