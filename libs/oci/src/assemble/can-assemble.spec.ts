import { expect, it } from 'vitest';
import { canAssemble } from './can-assemble';
import type { Instruction } from './instruction';

const stages = ['deps'];
const copy = { kind: 'copy', sources: ['a'], destination: '/b', line: 2 } as const;
const all: Instruction[] = [
  { ...copy, sources: ['a'], from: 'deps', chown: '1:2', chmod: '0755', link: true },
  { ...copy, sources: [], heredocs: [{ name: 'EOF', content: 'x' }], exclude: [], parents: false },
  { ...copy, kind: 'add', sources: ['a'], keepGitDir: true },
  { kind: 'workdir', path: '/w', line: 3 },
  { kind: 'env', entries: [{ key: 'A', value: 'b' }], line: 4 },
  { kind: 'arg', entries: [{ key: 'A' }], line: 5 },
  { kind: 'label', entries: [], line: 6 },
  { kind: 'user', user: 'app', line: 7 },
  { kind: 'expose', ports: ['80'], line: 8 },
  { kind: 'cmd', command: { form: 'shell', text: 'x' }, line: 9 },
  { kind: 'entrypoint', command: { form: 'exec', arguments: ['x'] }, line: 10 },
  {
    kind: 'healthcheck',
    test: ['NONE'],
    intervalNs: 1,
    timeoutNs: 1,
    startPeriodNs: 1,
    startIntervalNs: 1,
    retries: 1,
    line: 11,
  },
  { kind: 'volume', paths: ['/v'], line: 12 },
  { kind: 'stopsignal', signal: 'INT', line: 13 },
  { kind: 'shell', shell: ['/bin/sh'], line: 14 },
  { kind: 'maintainer', name: 'me', line: 15 },
];

it('all that needs no program to run is put together here', () => {
  expect(canAssemble(all, { stages })).toEqual({ ok: true });
});

it.each(all)('$kind with a part that this library does not know goes to BuildKit', (known) => {
  const newer: Instruction = Object.assign({ unheardOf: true }, known);
  const reason = `${known.kind.toUpperCase()} with unheardOf is left to BuildKit`;
  expect(canAssemble([newer], { stages })).toEqual({ ok: false, reason, line: known.line });
  const unset: Instruction = Object.assign({ unheardOf: undefined }, known);
  expect(canAssemble([unset], { stages })).toEqual({ ok: true });
});

it.each([
  [{ kind: 'run', line: 1 }, 'RUN has to be run'],
  [{ kind: 'onbuild', line: 1 }, 'ONBUILD is left to BuildKit'],
  [{ kind: 'other', name: 'FOO', line: 1 }, 'FOO is left to BuildKit'],
  [{ ...copy, from: 'other' }, 'COPY --from=other is no stage of this Dockerfile'],
  [{ ...copy, exclude: ['x'] }, 'COPY --exclude is left to BuildKit'],
  [{ ...copy, parents: true }, 'COPY --parents is left to BuildKit'],
  [{ ...copy, chmod: 'u+x' }, 'COPY --chmod=u+x is not octal'],
  [{ ...copy, link: true, chown: 'app' }, 'COPY --link --chown=app looks a name up'],
  [{ ...copy, kind: 'add', checksum: 'sha256:1' }, 'ADD --checksum is left to BuildKit'],
  [{ ...copy, kind: 'add', sources: ['https://x/y'] }, 'ADD https://x/y comes from the network'],
] as [Instruction, string][])('what goes to BuildKit says why: %j', (instruction, reason) => {
  const answer = canAssemble([instruction], { stages });
  expect(answer).toMatchObject({ ok: false, line: instruction.line });
  expect(answer).toHaveProperty('reason', expect.stringContaining(reason));
});

it('a base image with triggers goes to BuildKit', () => {
  expect(canAssemble([], { stages, onBuild: ['RUN x'] })).toEqual({
    ok: false,
    reason: 'its base image has ONBUILD RUN x',
    line: 0,
  });
});
