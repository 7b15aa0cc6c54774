import { expect, onTestFinished, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';

test('a stage that is exported by paths knows the variables of its base image', async () => {
  const workspace = await StagedWorkspace.make();
  onTestFinished(() => workspace.remove());
  await workspace.write(
    'app/Dockerfile',
    `FROM busybox:test AS builder
RUN --mount=type=cache,target=/kept,uid=\${OWNER_ID} busybox stat -c %u /kept > /opt/owner

FROM busybox:test AS runner
COPY --from=builder /opt/owner /opt/owner
CMD ["busybox", "cat", "/opt/owner"]
`,
  );
  expect(await workspace.plan()).toMatchObject({ success: true });
  for (const name of ['builder', 'runner'])
    expect(await workspace.stage(name)).toMatchObject({ success: true });
  expect(await workspace.load()).toMatchObject({ success: true });
  expect((await workspace.output()).trim()).toBe('1000');
}, 300_000);
