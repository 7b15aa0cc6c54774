import { type ImageConfig, decompressed, layoutSource, readImageRecord } from '@excel2doc/oci';
import { itemsOf } from '@excel2doc/oci/testing/trees';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { formatSize } from '../care/stats';
import { type TestPodman, testPodman } from '../testing/podman';
import { type KeyedPlan } from '../plan/make';
import { explainStages } from '../plan/explain';
import { readPlan } from '../plan/read';
import { type Said, StagedWorkspace } from '../testing/staged';

/** Every way in which two builders could leave something different in an image. */
const DOCKERFILE = `FROM busybox:test AS builder
WORKDIR /opt/tree
COPY main.sh script
RUN --mount=type=bind,source=main.sh,target=/mnt/deep/main.sh --mount=type=cache,target=/cached/here \\
    cp /mnt/deep/main.sh copied && mkdir -m 0710 private && chown 7:8 private && ln -s copied link
RUN --mount=type=tmpfs,target=/scratch rm script && ln copied hard && chmod 4755 copied

FROM busybox:test AS deps
ARG GREETING="a 'big' \\"hello\\" of \\$5"
ENV PLACE=world
RUN rm /etc/workspace && echo "$GREETING $PLACE" > /etc/greeting
USER 7:8
WORKDIR /srv/made/here
COPY --chown=8:7 main.sh sub/
USER 0:0
RUN --mount=from=builder,source=/opt/tree,target=/tree ls /tree > listed && id > who && mkdir /opt/empty
HEALTHCHECK --interval=3s CMD ["true"]
SHELL ["/bin/sh", "-ec"]
RUN false || echo "$GREETING" > /etc/again
EXPOSE 80
COPY --from=builder /opt/tree /opt/tree

FROM deps AS runner
COPY main.sh /srv/
CMD ["sh", "/srv/main.sh"]
`;

let podman: TestPodman;
let onPodman: StagedWorkspace;
let onDocker: StagedWorkspace;

beforeAll(async () => {
  podman = await testPodman();
  onDocker = await StagedWorkspace.make();
  await onDocker.write('app/Dockerfile', DOCKERFILE);
  await onDocker.build();
  usePodman();
  onPodman = await StagedWorkspace.make({ base: onDocker.baseFolder });
  await onPodman.write('app/Dockerfile', DOCKERFILE);
  await onPodman.build();
}, 300_000);

afterAll(async () => {
  vi.unstubAllEnvs();
  await onDocker.remove();
  usePodman();
  await onPodman.remove();
  await podman.remove();
});

function usePodman(): void {
  for (const [name, value] of Object.entries(podman.env)) vi.stubEnv(name, value);
}

async function succeed(step: Promise<Said>): Promise<string> {
  const { success, text } = await step;
  expect(success, text).toBe(true);
  return text;
}

/** What a stage adds, layer by layer: each file with all that an image keeps of it. */
async function layersOf(workspace: StagedWorkspace, stage: string): Promise<string[][]> {
  const folder = workspace.folder(stage);
  const { record } = await readImageRecord(folder);
  const layers: string[][] = [];
  for (const { digest, mediaType } of record.layers.filter(({ from }) => from === 'self')) {
    const items = await itemsOf(decompressed(await layoutSource(folder).open(digest), mediaType));
    layers.push(
      items.map(({ entry: { path, type, mode, uid, gid, linkPath = '' }, content }) =>
        [path, type, mode.toString(8), uid, gid, linkPath, String(content ?? '')].join(' '),
      ),
    );
  }
  return layers;
}

async function configOf(workspace: StagedWorkspace, stage: string): Promise<ImageConfig> {
  const { config } = await readImageRecord(workspace.folder(stage));
  return { ...config, history: [] };
}

test.each(['builder', 'deps', 'runner'])(
  'the files and the config of %s are what BuildKit makes of it',
  async (stage) => {
    expect(onPodman.engine.kind).toBe('podman');
    expect(onDocker.engine.kind).not.toBe('podman');
    expect(await layersOf(onPodman, stage)).toEqual(await layersOf(onDocker, stage));
    expect(await configOf(onPodman, stage)).toEqual(await configOf(onDocker, stage));
  },
);

const planOf = (workspace: StagedWorkspace, stage: string) =>
  readPlan(workspace.root, 'app', stage);

test('who runs a RUN step is part of the key, and of no other', async () => {
  const builders: Record<string, KeyedPlan['builder']> = {};
  for (const stage of ['builder', 'deps', 'runner'])
    builders[stage] = (await planOf(onPodman, stage)).builder;
  expect(builders).toEqual({ builder: 'podman', deps: 'podman' });
  const now = await planOf(onPodman, 'deps');
  const [explained] = explainStages([now], new Map([['deps', await planOf(onDocker, 'deps')]]));
  expect(explained).toMatchObject({ state: 'rebuild', reasons: ['built by BuildKit before'] });
});

test('the image runs, is loaded once, and a change sends the changed layer alone', async () => {
  const image = `${onPodman.image}:test`;
  const { engine } = onPodman;
  expect(await engine.run({ image })).toMatchObject({ exitCode: 0, stdout: 'one\n' });
  const greeting = ['cat', '/etc/greeting', '/etc/again'];
  expect((await engine.run({ image, entrypoint: '/bin/busybox', command: greeting })).stdout).toBe(
    `a 'big' "hello" of $5 world\na 'big' "hello" of $5\n`,
  );
  expect(await succeed(onPodman.load())).toContain('was there already');
  const { stdout } = await engine.command(['image', 'inspect', image]);
  // Podman reads it only of an image in Docker's format.
  expect(JSON.parse(stdout)[0].Healthcheck).toMatchObject({ Test: ['CMD', 'true'] });

  await onPodman.write('app/main.sh', 'echo two');
  for (const step of [() => onPodman.plan(), () => onPodman.stage('runner')]) await succeed(step());
  const { ownSizeBytes } = await onPodman.record('runner');
  expect(await succeed(onPodman.load())).toContain(`thin load, ${formatSize(ownSizeBytes)} sent`);
  expect((await engine.run({ image })).stdout).toBe('two\n');
  await onPodman.write('app/main.sh', 'echo one');
});

test('a file that is only mounted changes what Podman runs again', async () => {
  const read = async () => (await layersOf(onPodman, 'builder')).flat().join('\n');
  await onPodman.write('app/main.sh', 'echo six');
  for (const step of [() => onPodman.plan(), () => onPodman.stage('builder')])
    await succeed(step());
  expect(await read()).toContain('echo six');
  await onPodman.write('app/main.sh', 'echo one');
});

test.each([
  ['ONBUILD RUN true', 'ONBUILD'],
  ['ADD https://example.com/a.tar /', 'ADD https://example.com/a.tar comes from the network'],
])('%s is refused in one line that says what to do', async (instruction, reason) => {
  onTestFinished(() => onPodman.write('app/Dockerfile', DOCKERFILE));
  const dockerfile = `FROM busybox:test AS builder\nRUN true\n${instruction}\n`;
  await onPodman.write('app/Dockerfile', dockerfile);
  await succeed(onPodman.plan());
  const { success, text } = await onPodman.stage('builder');
  expect(success).toBe(false);
  expect(text).toContain(`✗ Stage builder has what Podman does not do here: ${reason}.`);
  expect(text).toContain('NX_STAGES_ENGINE');
});

test('what needs Compose or BuildKit says so', async () => {
  const compose = onPodman.engine.compose({ files: ['compose.yaml'] });
  await expect(compose.up()).rejects.toMatchObject({
    code: 'NEEDS_DOCKER',
    message: 'Podman does not do docker compose up',
  });
});

test('a Podman that was chosen and is not there says so in one line', async () => {
  vi.stubEnv('PATH', '/nowhere');
  onTestFinished(usePodman);
  await succeed(onPodman.plan());
  const { success, text } = await onPodman.stage('deps');
  expect(success).toBe(false);
  expect(text).toContain('✗ No container engine answers (podman: not installed). Podman is asked');
});
