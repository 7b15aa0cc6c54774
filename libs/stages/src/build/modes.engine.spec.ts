import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';

const DOCKERFILE = `FROM busybox:test AS deps
RUN --mount=type=bind,target=/context busybox stat -c '%a %n' /context /context/deep /context/deep/er/run.sh /context/main.sh > /seen
RUN --mount=type=bind,source=deep/er,target=/er busybox stat -c '%a %n' /er /er/run.sh >> /seen
COPY deep /srv/deep
RUN busybox stat -c '%a %n' /srv/deep/er /srv/deep/er/run.sh >> /seen
FROM deps AS runner
COPY deep /assembled
`;

/** What RUN saw of the context, and the digest of the image. */
async function built(umask: number, rest: { modes?: 'disk' } = {}) {
  const before = process.umask(umask);
  const workspace = await StagedWorkspace.make();
  onTestFinished(() => workspace.remove());
  try {
    await workspace.write('app/deep/er/run.sh', 'echo run');
    await workspace.write('app/Dockerfile', DOCKERFILE);
    await chmod(join(workspace.root, 'app/main.sh'), 0o666 & ~umask);
    await chmod(join(workspace.root, 'app/deep/er/run.sh'), 0o777 & ~umask);
    expect(await workspace.plan(rest)).toMatchObject({ success: true });
    for (const name of ['deps', 'runner'])
      expect(await workspace.stage(name, rest)).toMatchObject({ success: true });
  } finally {
    process.umask(before);
  }
  expect(await workspace.load()).toMatchObject({ success: true });
  const image = `${workspace.image}:test`;
  const command = [
    'busybox',
    'sh',
    '-c',
    'cat /seen; busybox stat -c "%a %n" /assembled/er/run.sh',
  ];
  return (await workspace.engine.run({ image, command })).stdout.trim().split('\n');
}

const GIT = [
  '755 /context',
  '755 /context/deep',
  '755 /context/deep/er/run.sh',
  '644 /context/main.sh',
  '755 /er',
  '755 /er/run.sh',
  '755 /srv/deep/er',
  '755 /srv/deep/er/run.sh',
  '755 /assembled/er/run.sh',
];

test.each([
  ['0000', 0o000],
  ['0077', 0o077],
])('RUN and COPY have the modes that git knows under umask %s', async (_text, umask) => {
  expect(await built(umask)).toEqual(GIT);
});

test('"modes": "disk" gives BuildKit those of the disk', async () => {
  const seen = await built(0o002, { modes: 'disk' });
  expect(seen).toContain('775 /context/deep/er/run.sh');
  expect(seen).toContain('664 /context/main.sh');
  expect(seen).toContain('775 /assembled/er/run.sh');
});
