// Takes 150 s.
import { expect, onTestFinished, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';

/** Does what make, cargo and javac do: it makes what is missing, or older than what it is made of. */
const MAKE = `RUN busybox sh -c 'if [ ! -e /work/made ] || [ /work/main.sh -nt /work/made ]; then busybox cat /work/main.sh > /work/made; fi'`;
const DEPS = `FROM busybox:test AS deps
COPY dummy.sh /work/main.sh
${MAKE}
`;

test.each([
  [
    'between two RUNs',
    ['runner'],
    `FROM busybox:test AS runner
COPY dummy.sh /work/main.sh
${MAKE}
COPY main.sh /work/main.sh
${MAKE}
`,
  ],
  [
    'after a dummy that the first RUN wrote itself',
    ['runner'],
    `FROM busybox:test AS runner
RUN busybox mkdir /work && echo dummy > /work/main.sh
${MAKE}
COPY main.sh /work/main.sh
${MAKE}
`,
  ],
  [
    'beside what was copied from a stage that made something',
    ['deps', 'sources', 'runner'],
    `${DEPS}FROM busybox:test AS sources
COPY --from=deps /work /work
COPY main.sh /work/main.sh
FROM sources AS runner
${MAKE}
`,
  ],
  [
    'by a mount after a RUN',
    ['runner'],
    `FROM busybox:test AS runner
COPY dummy.sh /work/main.sh
${MAKE}
RUN --mount=type=bind,source=main.sh,target=/work/main.sh ${MAKE.slice('RUN '.length)}
`,
  ],
  [
    'on a stage that has made something',
    ['deps', 'runner'],
    `${DEPS}FROM deps AS runner
COPY main.sh /work/main.sh
${MAKE}
`,
  ],
  [
    'as a stage of its own between two that make something',
    ['deps', 'sources', 'runner'],
    `${DEPS}FROM deps AS sources
COPY main.sh /work/main.sh
FROM sources AS runner
${MAKE}
`,
  ],
  [
    'from another stage, on one that has made something',
    ['generated', 'deps', 'runner'],
    `FROM busybox:test AS generated
COPY main.sh /main.sh
${DEPS}FROM deps AS runner
COPY --from=generated /main.sh /work/main.sh
${MAKE}
`,
  ],
])('a source that comes %s is newer than what was made before', async (_, stages, dockerfile) => {
  const workspace = await StagedWorkspace.make();
  onTestFinished(() => workspace.remove());
  await workspace.write('app/Dockerfile', dockerfile);
  await workspace.write('app/dummy.sh', workspace.image);
  const image = `${workspace.image}:test`;
  // The first one with nothing built before, where a plain build takes the dummy's result.
  for (const text of ['one', 'two', 'one']) {
    await workspace.write('app/main.sh', text);
    expect(await workspace.plan()).toMatchObject({ success: true });
    for (const name of stages) expect(await workspace.stage(name)).toMatchObject({ success: true });
    expect(await workspace.load()).toMatchObject({ success: true });
    const { stdout } = await workspace.engine.run({
      image,
      command: ['busybox', 'cat', '/work/made'],
    });
    expect(stdout).toBe(text);
  }
});
