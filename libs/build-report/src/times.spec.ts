import { expect, test } from 'vitest';
import type { TaskRecord } from './run';
import { addTimes, estimatedMs, parseTimes } from './times';

const ran = (id: string, outcome: TaskRecord['outcome'], durationMs: number, bytes?: number) => {
  const [project = '', target = ''] = id.split(':');
  const image = { stage: 's', platform: 'linux/amd64', digest: 'd', sizeBytes: 0 };
  return {
    id,
    project,
    target,
    outcome,
    durationMs,
    startMs: 0,
    ...(bytes !== undefined && { images: [{ ...image, ownSizeBytes: bytes }] }),
  };
};
const asked = (id: string) => ({ id, target: id.split(':')[1]! });

test('what was built says how long it takes; what was found, or failed, does not', () => {
  const first = addTimes({}, { tasks: [ran('a:deps', 'built', 500, 10), ran('b:deps', 'failed', 9)] });
  expect(first).toEqual({ 'a:deps': { ms: 500, bytes: 10 } });
  const hits = { tasks: [ran('a:deps', 'remote-hit', 3, 20), ran('c:lint', 'local-hit', 1)] };
  expect(addTimes(first, hits)).toEqual({ 'a:deps': { ms: 500, bytes: 20 } });
}); // prettier-ignore

test('the last time, else by bytes, else as others of its kind, else as any, else the same for all', () => {
  const known = {
    'a:deps': { ms: 1000, bytes: 100 },
    'b:deps': { ms: 3000, bytes: 300 },
    'c:deps': { bytes: 50 },
    'a:lint': { ms: 200 },
  };
  const ids = ['a:deps', 'c:deps', 'd:deps', 'd:lint', 'd:other'];
  const found = estimatedMs(known, ids.map(asked));
  expect([...found.values()]).toEqual([1000, 500, 3000, 200, 1000]);
  expect([...estimatedMs({}, [asked('x:y'), asked('z:y')]).values()]).toEqual([10_000, 10_000]);
});

test('what took no time that was measured says nothing of how long it takes', () => {
  expect(addTimes({}, { tasks: [ran('a:test', 'built', 0)] })).toEqual({});
});

test.each([
  '',
  '[',
  '3',
  'null',
  '{"a":1}',
  '{"a":{"ms":"1"}}',
  '{"a":{"ms":-1}}',
  '{"a":{"ms":86400001}}',
  '{"a":{"ms":1e400}}',
  '{"a":{"bytes":-1}}',
])('%j holds no times', (text) => {
  expect(parseTimes(text)).toBeUndefined();
});
test('what was written is read', () => {
  const known = { 'a:deps': { ms: 1, bytes: 2 } };
  expect(parseTimes(JSON.stringify(known))).toEqual(known);
});
