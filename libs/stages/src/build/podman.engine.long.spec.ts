// Takes 21 s.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { isPodmanChosen, locateEngine, openImageStore } from '@excel2doc/engine';
import {
  type ImageConfig,
  decompressed,
  digestOf,
  layoutSource,
  readImageRecord,
  sourceChain,
  bytesText,
} from '@excel2doc/oci';
import { itemsOf } from '@excel2doc/oci/testing/trees';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { DockerProject } from '../workspace/docker-project';
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
COPY --from=busybox:test /bin/sh /opt/sh

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
  vi.unstubAllEnvs();
  for (const [name, value] of Object.entries(podman.env)) vi.stubEnv(name, value);
}

async function succeed(step: Promise<Said>): Promise<string> {
  const { success, text } = await step;
  expect(success, text).toBe(true);
  return text;
}

/** What a stage has above its base, layer by layer: each file with all that an image keeps of it. */
async function layersOf(workspace: StagedWorkspace, stage: string): Promise<string[][]> {
  const { record } = await readImageRecord(workspace.folder(stage));
  const folders = [stage, 'builder', 'deps'].map((name) => workspace.folder(name));
  const source = sourceChain(folders.map(layoutSource));
  const layers: string[][] = [];
  for (const { digest, mediaType } of record.layers.filter(({ from }) => from !== 'base')) {
    const items = await itemsOf(decompressed(await source.open(digest), mediaType));
    layers.push(
      items.map(({ entry: { path, type, mode, uid, gid, linkPath = '' }, content }) =>
        [path, type, mode.toString(8), uid, gid, linkPath, readable(content)].join(' '),
      ),
    );
  }
  return layers;
}

const readable = (content: Buffer) => (content.length < 500 ? String(content) : digestOf(content));

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
  readPlan({ root: workspace.root, home: 'app' }, stage);

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
  expect(await succeed(onPodman.load())).toContain(`thin load, ${bytesText(ownSizeBytes)} sent`);
  expect((await engine.run({ image })).stdout).toBe('two\n');
  await onPodman.write('app/main.sh', 'echo one');
});

test('a RUN whose mounted file changed is run again, which Podman by itself would not', async () => {
  onTestFinished(async () => {
    await onPodman.write('app/Dockerfile', DOCKERFILE);
    await onPodman.write('app/main.sh', 'echo one');
  });
  const run = 'RUN --mount=type=bind,source=main.sh,target=/m cat /m > /opt/result';
  await onPodman.write('app/Dockerfile', `FROM busybox:test AS builder\n${run}\n`);
  for (const text of ['echo two', 'echo six']) {
    await onPodman.write('app/main.sh', text);
    for (const step of [() => onPodman.plan(), () => onPodman.stage('builder')])
      await succeed(step());
    const [files = []] = await layersOf(onPodman, 'builder');
    expect(files).toContain(`opt/result file 644 0 0  ${text}`);
  }
});

test('what a tool keeps in a cache mount is older than a changed source', async () => {
  onTestFinished(async () => {
    await onPodman.write('app/Dockerfile', DOCKERFILE);
    await onPodman.write('app/main.sh', 'echo one');
  });
  const make =
    'if [ ! -e /out/made ] || [ /m -nt /out/made ]; then cat /m > /out/made; fi; cat /out/made > /opt/result';
  const id = onPodman.image.replace(/\W/g, '-');
  const mounts = `--mount=type=cache,id=${id},target=/out`;
  const bound = '--mount=type=bind,source=main.sh,target=/m';
  for (const steps of [
    `COPY main.sh /m\nRUN ${mounts} ${make}`,
    `RUN ${mounts} ${bound} ${make}`,
  ]) {
    await onPodman.write('app/Dockerfile', `FROM busybox:test AS builder\n${steps}\n`);
    for (const text of ['echo two', 'echo six', 'echo two']) {
      await onPodman.write('app/main.sh', text);
      for (const step of [() => onPodman.plan(), () => onPodman.stage('builder')])
        await succeed(step());
      const files = (await layersOf(onPodman, 'builder')).flat();
      expect(files).toContain(`opt/result file 644 0 0  ${text}`);
    }
  }
});

test.each([
  ['RUN --mount="type=cache,target=/a b" true', 'a cache mount that is written with quotes'],
  ['RUN true\nONBUILD RUN true', 'ONBUILD'],
  ['ONBUILD RUN true', 'ONBUILD is left to BuildKit'],
  [
    'RUN true\nADD https://example.com/a.tar /',
    'ADD https://example.com/a.tar comes from the network',
  ],
])('%s is refused in one line that says what to do', async (instruction, reason) => {
  onTestFinished(() => onPodman.write('app/Dockerfile', DOCKERFILE));
  const dockerfile = `FROM busybox:test AS builder\n${instruction}\n`;
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

test('left to itself, it is Docker where that answers, else Podman, also behind its socket', async () => {
  vi.stubEnv('NX_STAGES_ENGINE', '');
  const folder = await mkdtemp(join(tmpdir(), 'podman-spec-'));
  const socket = join(folder, 's');
  const service = spawn('podman', ['system', 'service', '--time', '0', `unix://${socket}`]);
  onTestFinished(async () => {
    const ended = once(service, 'exit');
    service.kill();
    await ended;
    await rm(folder, { recursive: true, force: true });
    usePodman();
  });
  const docker = onDocker.engine.docker;
  vi.stubEnv('PATH', [dirname(docker), podman.env.PATH].join(delimiter));
  expect(await locateEngine()).toMatchObject({ kind: onDocker.engine.kind });
  expect(await isPodmanChosen()).toBe(false);

  vi.stubEnv('XDG_CACHE_HOME', folder);
  vi.stubEnv('DOCKER_HOST', `unix://${socket}`);
  const refused = () =>
    expect(locateEngine({ choice: 'docker' })).rejects.toMatchObject({
      code: 'NO_ENGINE',
      message: expect.stringMatching(/docker: Podman [\d.]+ answers in its place/),
    });
  // Until the service listens.
  await vi.waitFor(refused, { timeout: 60_000, interval: 100 });
  for (const choice of [undefined, 'podman'] as const) {
    expect(await locateEngine({ choice })).toMatchObject({ kind: 'podman' });
    expect(await openImageStore({ choice })).toMatchObject({ kind: 'podman' });
    expect(await isPodmanChosen({ choice })).toBe(true);
  }
});

test('the workspace says which engine, and the environment goes before it', async () => {
  vi.stubEnv('NX_STAGES_ENGINE', '');
  onTestFinished(usePodman);
  const workspace = { ...onPodman.project, engineChoice: 'podman' as const };
  const engineOf = () => new DockerProject(workspace, onPodman.options).engine();
  expect(await engineOf()).toMatchObject({ kind: 'podman' });
  vi.stubEnv('NX_STAGES_ENGINE', 'docker');
  expect(await engineOf()).toMatchObject({ kind: onDocker.engine.kind });
  vi.stubEnv('NX_STAGES_ENGINE', 'podmann');
  await expect(engineOf()).rejects.toMatchObject({
    message: 'NX_STAGES_ENGINE is "podmann"',
    hint: 'Set it to auto, docker, podman, or unset it',
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
