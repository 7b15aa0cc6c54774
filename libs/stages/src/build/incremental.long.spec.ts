// Takes 60 s.
import { expect, onTestFinished, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';

/** Does what make, cargo and javac do: it makes what is missing, or older than what it is made of. */
const MAKE = (source: string) =>
  `busybox sh -c 'if [ ! -e /work/out/made ] || [ ${source} -nt /work/out/made ]; then busybox cat ${source} > /work/out/made; fi; busybox cat /work/out/made > /made'`;

test.each([
  [
    'of the context',
    (id: string) => `FROM busybox:test AS runner
COPY main.sh /work/main.sh
RUN --mount=type=cache,id=${id},target=/work/out ${MAKE('/work/main.sh')}
`,
  ],
  [
    'that is mounted',
    (id: string) => `FROM busybox:test AS runner
RUN --mount=type=cache,id=${id},target=/work/out --mount=type=bind,target=/src ${MAKE('/src/main.sh')}
`,
  ],
  [
    'of a stage that it stands on',
    (id: string) => `FROM busybox:test AS sources
COPY main.sh /work/main.sh
FROM sources AS runner
RUN --mount=type=cache,id=${id},target=/work/out ${MAKE('/work/main.sh')}
`,
  ],
  [
    'of another stage',
    (id: string) => `FROM busybox:test AS sources
COPY main.sh /work/main.sh
FROM busybox:test AS runner
COPY --from=sources /work/main.sh /work/main.sh
RUN --mount=type=cache,id=${id},target=/work/out ${MAKE('/work/main.sh')}
`,
  ],
])('what a tool keeps between builds is older than a changed source %s', async (_, dockerfile) => {
  const workspace = await StagedWorkspace.make();
  onTestFinished(() => workspace.remove());
  await workspace.write('app/Dockerfile', dockerfile(workspace.image.replace(/\W/g, '-')));
  const image = `${workspace.image}:test`;
  // Back to what was there before, too: a checkout of another branch does that.
  for (const text of ['one', 'two', 'one']) {
    await workspace.write('app/main.sh', text);
    expect(await workspace.plan()).toMatchObject({ success: true });
    for (const name of dockerfile('').includes('AS sources') ? ['sources', 'runner'] : ['runner'])
      expect(await workspace.stage(name)).toMatchObject({ success: true });
    expect(await workspace.load()).toMatchObject({ success: true });
    const { stdout } = await workspace.engine.run({ image, command: ['busybox', 'cat', '/made'] });
    expect(stdout).toBe(text);
  }
});
