import { expect, test } from 'vitest';
import { stepLines } from './progress';

const PROGRESS = `#0 building with "default" instance using docker driver

#1 [internal] load build definition from Dockerfile
#1 DONE 3.0s

#5 [nx-stages-own 1/3] RUN apt-get update
#5 0.5 Get:1 http://mirror.example/debian
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
#9 exporting to oci image format
#9 DONE 12.0s
`;

test.each([1, 7, 100_000])('a line for each step that took a while, in pieces of %i', (size) => {
  const read = stepLines('deps');
  const said: string[] = [];
  for (let at = 0; at < PROGRESS.length; at += size)
    said.push(...read(PROGRESS.slice(at, at + size)));
  expect(said).toEqual(['deps: RUN apt-get update 12.3 s', `deps: RUN ${'x'.repeat(65)}… 4.0 s`]);
});
