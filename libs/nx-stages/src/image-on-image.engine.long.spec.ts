// Takes 60 s.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StagedWorkspace } from '@excel2doc/stages/testing/staged';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from './testing/nx-workspace';

/** Of it the base image is taken: a shell, as a layout on this machine. */
let staged: StagedWorkspace;
const workspace = new NxWorkspace();

beforeAll(async () => {
  staged = await StagedWorkspace.make();
  const { image } = staged;
  const options = { imageName: `${image}/{projectName}` };
  await workspace.start({
    'docker/images.local.json': await readFile(join(staged.root, 'images.local.json'), 'utf8'),
    'nx.json': JSON.stringify({
      analytics: false,
      cacheDirectory: '.nx/cache',
      plugins: [{ plugin: '@excel2doc/nx-stages', options }],
    }),
    'base/Dockerfile': 'FROM busybox:test AS out\nRUN echo base > /opt/base\n',
    'tool/tool.txt': 'tool\n',
    'tool/Dockerfile': 'FROM scratch AS out\nCOPY tool.txt /\n',
    'api/Dockerfile': `FROM ${image}/base:dev AS out
RUN --mount=type=bind,from=${image}/tool,target=/tool cat /tool/tool.txt /opt/base > /opt/seen
COPY --from=${image}/tool:dev /tool.txt /opt/copied
CMD ["sh", "-c", "cat /opt/seen /opt/copied"]
`,
  });
});

afterAll(async () => {
  for (const { repository, tag } of await staged.engine.listImages([`reference=${staged.image}/*`]))
    await staged.engine.removeImage(`${repository}:${tag}`);
  await staged.remove();
  workspace.remove();
});

async function built(): Promise<string> {
  await workspace.tasks('run', 'api:docker-build');
  return staged.output(`${staged.image}/api:dev`);
}

test('RUN, COPY and a mount see what the other projects built, and the engine has none of it', async () => {
  expect(await built()).toBe('tool\nbase\ntool\n');
  expect(await staged.engine.inspectImage(`${staged.image}/base:dev`)).toBeNull();
}, 300_000);

test('an edit of both is in the image above', async () => {
  workspace.write({
    'base/Dockerfile': 'FROM busybox:test AS out\nRUN echo new > /opt/base\n',
    'tool/tool.txt': 'sharp\n',
  });
  expect(await built()).toBe('sharp\nnew\nsharp\n');
}, 300_000);
