import { expect, test } from 'vitest';
import { privateMounts } from './private-mounts';

const mounted = (...lines: string[]) =>
  privateMounts({
    instructions: lines.map((text) => ({ keyword: text.split(' ')[0] as 'RUN', text })),
    args: { NAME: 'given' },
  });
const ids = (...lines: string[]) =>
  mounted(...lines).mounts.map(({ kind, id, required }) => `${kind} ${id}${required ? '!' : ''}`);

test.each([
  ['RUN --mount=type=secret,id=npm x', 'secret npm'],
  ['RUN --mount=type=secret,source=npm,target=/t x', 'secret npm'],
  ['RUN --mount=type=secret,target=/root/.npmrc x', 'secret .npmrc'],
  ['RUN --mount=type=secret,id=a,env=TOKEN x', 'secret a'],
  ['RUN --mount=type=secret,id=a,required x', 'secret a!'],
  ['RUN --mount=type=secret,id=a,required=false x', 'secret a'],
  ['RUN --mount="type=secret,\\"id=a,b\\",mode=0400,uid=1" x', 'secret a,b'],
  ['RUN --mount=type=ssh x', 'ssh default'],
  ['RUN --mount=type=ssh,id=github,required=true x', 'ssh github!'],
  ['RUN --mount=TYPE=secret,ID=npm x', 'secret npm'],
])('%s mounts %s', (line, expected) => {
  expect(ids(line)).toEqual([expected]);
});

test('each stands there once, and is required where one step says so', () => {
  const lines = ['b', 'a', 'b,required'].map((id) => `RUN --mount=type=secret,id=${id} x`);
  expect(ids(...lines)).toEqual(['secret a', 'secret b!']);
});

test('a step without any, and other mounts, have none', () => {
  expect(
    mounted('RUN x', 'RUN --mount=type=cache,target=/c echo --mount=type=secret,id=a'),
  ).toEqual({ mounts: [], isOpen: false });
});

test('a name with a variable is the one that the plan knows, and may be another', () => {
  expect(mounted('ARG NAME', 'RUN --mount=type=secret,id=$NAME x')).toEqual({
    mounts: [{ kind: 'secret', id: 'given', required: false }],
    isOpen: true,
  });
});

test.each(['type=$KIND,id=a', 'type=secret,id=a,required=$MUST', 'type=secret,id=a,mode=$MODE'])(
  'what only a base image can tell may be anything: %s',
  (mount) => {
    expect(mounted(`RUN --mount=${mount} x`).isOpen).toBe(true);
  },
);
