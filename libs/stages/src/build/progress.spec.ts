import { expect, test } from 'vitest';
import { isLive, keptLine, liveLine, readSteps } from './progress';

const PROGRESS = `#0 building with "default" instance using docker driver

#1 [internal] load build definition from Dockerfile
#1 DONE 3.0s

#5 [nx-stages-own 1/3] RUN apt-get update
#5 0.5 Get:1 http://mirror.example/debian
#5 0.6  1%\r 50%\r100% fetched
#5 0.7 \x1b[31mred\x1b[0m
#5 0.8
#5 ...

#6 [nx-stages-own 2/3] RUN echo short
#6 DONE 0.2s

#5 [nx-stages-own 1/3] RUN apt-get update
#5 12.1 #6 DONE 9.0s
#5 DONE 12.3s

#7 [3/3] RUN ${'x'.repeat(200)}
#7 DONE 4.0s

#8 [4/4] COPY a b
#8 CACHED
#8 DONE 0.0s
#10 [5/5] RUN false
#10 ERROR: process "false" did not complete
#9 exporting to oci image format
#9 DONE 12.0s
`;

const SIZES = [1, 7, 100_000];

/** What is made of the progress when it comes in pieces. */
function linesOf(line: typeof keptLine, size: number): string[] {
  const read = readSteps();
  const said: string[] = [];
  for (let at = 0; at < PROGRESS.length; at += size)
    said.push(...read(PROGRESS.slice(at, at + size)).flatMap((event) => line('deps', event)));
  return said;
}

test.each(SIZES)('a line for each step that took a while is kept, in pieces of %i', (size) => {
  expect(linesOf(keptLine, size)).toEqual([
    'deps: RUN apt-get update 12.3 s',
    `deps: RUN ${'x'.repeat(65)}… 4.0 s`,
  ]);
});

test.each(SIZES)('what steps print is shown below the step, in pieces of %i', (size) => {
  const lines = linesOf(liveLine, size);
  expect(lines).toEqual([
    'deps | RUN apt-get update',
    'deps |   Get:1 http://mirror.example/debian',
    'deps |   100% fetched',
    'deps |   red',
    'deps | RUN echo short',
    'deps |   #6 DONE 9.0s',
    'deps | RUN apt-get update: 12.3 s',
    `deps | RUN ${'x'.repeat(65)}…`,
    `deps | RUN ${'x'.repeat(65)}…: 4.0 s`,
    'deps | COPY a b',
    'deps | COPY a b: cached',
    'deps | RUN false',
    'deps | RUN false: failed',
    'deps | exporting to oci image format',
    'deps | exporting to oci image format: 12.0 s',
  ]);
  expect(lines.every(isLive)).toBe(true);
  expect(linesOf(keptLine, size).some(isLive)).toBe(false);
});

test('of a stage that takes two builds each step is told once', () => {
  const second = `#0 building with "default" instance using docker driver

#5 [internal] load build context
#5 DONE 9.0s

#6 [nx-stages-own 1/2] RUN make one
#6 CACHED

#7 [nx-stages-own 2/2] RUN make one
#7 DONE 3.0s
`;
  const read = readSteps();
  const first = '#0 building\n#5 [nx-stages-own 1/1] RUN make one\n#5 DONE 2.0s\n';
  expect([first, second].flatMap((text) => read(text).flatMap((e) => liveLine('deps', e)))).toEqual(
    [
      'deps | RUN make one',
      'deps | RUN make one: 2.0 s',
      'deps | RUN make one',
      'deps | RUN make one: 3.0 s',
    ],
  );
});
