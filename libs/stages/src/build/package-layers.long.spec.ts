// Takes 240 s.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, ociLayoutContext } from '@excel2doc/engine';
import {
  type BlobSource,
  decompressed,
  type LayerRecord,
  layersAbove,
  layoutSource,
  readBaseImage,
  readLayout,
  readTar,
} from '@excel2doc/oci';
import { debianProgram } from '@excel2doc/oci/testing/debian';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StagedWorkspace } from '../testing/staged';
import { DockerProject } from '../workspace/docker-project';
import { Outputs } from './outputs';

let workspace: StagedWorkspace;

beforeAll(async () => {
  workspace = await StagedWorkspace.make();
  await useRealBase('python:3.12-bookworm');
});

afterAll(() => workspace.remove());

/** A base image of this machine, beside busybox. */
async function useRealBase(name: string): Promise<void> {
  const path = join(workspace.root, 'images.local.json');
  const local = JSON.parse(await readFile(path, 'utf8')) as { images: Record<string, object> };
  const bases = JSON.parse(await readFile(join(cacheFolder(), 'bases/bases.json'), 'utf8')) as {
    platforms: Record<string, Record<string, { digest: string; layoutDir: string }>>;
  };
  const { platform } = workspace.engine;
  const { digest, layoutDir } = bases.platforms[platform]![name]!;
  local.images[name] = { [platform]: { digest, layoutDir, tag: `excel2doc/stand-in/${name}` } };
  await workspace.write('images.local.json', JSON.stringify(local));
}

const said = async (step: Promise<{ success: boolean; text: string }>) => {
  const { success, text } = await step;
  if (!success) throw new Error(text);
  return text;
};

/** @returns the records of `builder` and `runner` */
async function make(layering: 'package' | 'stage') {
  await said(workspace.plan({ layering }));
  for (const stage of ['builder', 'runner']) await said(workspace.stage(stage));
  return { builder: await workspace.record('builder'), runner: await workspace.record('runner') };
}

const outputs = () =>
  Outputs.open(new DockerProject(workspace.project, workspace.options), workspace.engine.platform);

/** What BuildKit makes of the last stage, given the files of `builder` as one layer each. */
async function byBuildKit(copy: string): ReturnType<typeof flatten> {
  const { engine, root } = workspace;
  const opened = await outputs();
  const scratch = join(root, 'by-buildkit');
  await rm(scratch, { recursive: true, force: true });
  await mkdir(join(scratch, 'context'), { recursive: true });
  await workspace.write('by-buildkit/Dockerfile', `FROM base\n${copy}\n`);
  const base = await readBaseImage(workspace.baseFolder, engine.platform, 'busybox:test');
  const { descriptor } = await readLayout(workspace.baseFolder, engine.platform);
  const dir = join(scratch, 'layout');
  await engine.build({
    dockerfile: join(scratch, 'Dockerfile'),
    contextDir: join(scratch, 'context'),
    platform: engine.platform,
    showProgress: false,
    namedContexts: {
      base: ociLayoutContext({ dir: workspace.baseFolder, tag: 'base', digest: descriptor.digest }),
      builder: await opened.context('builder', join(scratch, 'builder')),
    },
    output: { kind: 'oci-layout', dir },
  });
  const { manifest, config } = await readLayout(dir, engine.platform);
  return flatten(layersAbove(base, manifest, config), layoutSource(dir));
}

/** Every file that layers bring, with all but its time; names of one file by the first of them. */
async function flatten(layers: readonly LayerRecord[], source: BlobSource) {
  const files = new Map<string, Record<string, unknown>>();
  for (const { digest, mediaType } of layers) {
    for await (const { entry, content } of readTar(
      decompressed(await source.open(digest), mediaType),
    )) {
      const { path, type, mode, uid, gid, linkPath, xattrs = {} } = entry;
      expect(path).not.toMatch(/(^|\/)\.wh\./);
      if (type === 'hardlink') {
        files.set(path, files.get(linkPath!)!);
        continue;
      }
      const hash = createHash('sha256');
      for await (const chunk of content()) hash.update(chunk);
      const text = type === 'file' ? hash.digest('hex') : '';
      const file = { type, mode, uid, gid, linkPath, xattrs, text };
      // Folders stand in every layer that needs them, and have to agree.
      if (files.has(path)) expect({ path, ...file }).toEqual({ path, ...files.get(path) });
      files.set(path, file);
    }
  }
  const names = new Map<unknown, string[]>();
  for (const [path, file] of files) names.set(file, [...(names.get(file) ?? []), path].sort());
  return new Map(
    [...files].map(([path, file]) => [path, { ...file, names: names.get(file)! }] as const),
  );
}

/**
 * Builds the image with a layer a package and compares it with BuildKit's, file by file.
 *
 * @returns how many layers the path came to
 */
async function compare(builder: string, copy: string): Promise<number> {
  await workspace.write('app/Dockerfile', `${builder}\nFROM busybox:test AS runner\n${copy}\n`);
  await make('stage');
  const theirs = await byBuildKit(copy);
  const { runner } = await make('package');
  const opened = await outputs();
  const { descriptor, manifest, config } = await readLayout(
    workspace.folder('runner'),
    runner.platform,
  );
  expect(descriptor.digest).toBe(runner.digest);
  // Who reads the history goes by the number of layers.
  expect(config.history!.filter(({ empty_layer }) => !empty_layer)).toHaveLength(
    manifest.layers.length,
  );
  const above = runner.layers.filter(({ from }) => from !== 'base');
  const ours = await flatten(above, await opened.source('runner'));
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  for (const [path, file] of theirs) expect({ path, ...ours.get(path) }).toEqual({ path, ...file });
  // The engine takes it, as many layers as there are.
  await said(workspace.load());
  return above.length;
}

const VENV = 'COPY --from=builder /opt/venv /opt/venv';
const PIP = 'pip install --disable-pip-version-check --no-cache-dir';

test('a venv: wheels, one that is compiled here, an editable one, namespaces, links of every kind', async () => {
  await workspace.write('app/mine/pyproject.toml', '[project]\nname = "My.Own"\nversion = "1"\n');
  await workspace.write('app/mine/my_own.py', 'print(1)\n');
  const layers = await compare(
    `FROM python:3.12-bookworm AS builder
COPY mine /src/mine
RUN python3 -m venv /opt/venv && /opt/venv/bin/${PIP} --no-compile --no-binary markupsafe markupsafe==3.0.2 \\
    SQLAlchemy==2.0.36 alembic==1.14.0 uvicorn==0.32.0 zope.interface==7.1.1 zope.event==5.0 -e /src/mine \\
 && /opt/venv/bin/python -m compileall -q -f --invalidation-mode unchecked-hash /opt/venv
RUN cd /opt/venv/lib/python*/site-packages \\
 && ln uvicorn/main.py alembic/linked.py && ln -s ../sqlalchemy/engine uvicorn/engine \\
 && printf 'x,,\\n../../../../../../etc/passwd,,\\nalembic/__init__.py,,\\n' >> uvicorn-0.32.0.dist-info/RECORD \\
 && mkdir -m 1777 /opt/venv/empty && chmod 0750 /opt/venv/bin && chown -R 12:34 alembic`,
    VENV,
  );
  expect(layers).toBeGreaterThan(10);
}, 600_000);

test('node_modules, and what is in them under another name', async () => {
  await workspace.write('app/package.json', '{"name":"app","version":"1.0.0"}');
  const wanted = ['typescript@5.9.3', 'fastify@5.1.0', '@types/node@20.17.6'];
  const npm = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline'];
  execFileSync('npm', [...npm, ...wanted], { cwd: join(workspace.root, 'app'), stdio: 'ignore' });
  const builder = `FROM busybox:test AS builder
COPY node_modules /app/node_modules
RUN chmod 0700 /app/node_modules/fastify`;
  const from = 'COPY --from=builder';
  expect(await compare(builder, `${from} /app/node_modules /app/node_modules`)).toBeGreaterThan(10);
  // What is in it, in a folder of another name: no path tells a package, and it is one layer.
  const moved = await compare(builder, `${from} --chown=5:6 /app/node_modules /srv/other/`);
  expect(moved).toBe(1);
}, 600_000);

test('a folder of jars, and the modules that Go vendors', async () => {
  const jars = { 'libguava-java': 'guava', 'libcommons-lang3-java': 'commons-lang3' };
  for (const [name, jar] of Object.entries(jars)) {
    const target = join(workspace.root, `app/lib/${jar}.jar`);
    await mkdir(join(workspace.root, 'app/lib'), { recursive: true });
    await copyFile(debianProgram(name, `usr/share/java/${jar}.jar`), target);
  }
  await workspace.write(
    'app/go/go.mod',
    'module example.com/x\n\ngo 1.21\n\nrequire (\n\tgolang.org/x/text v0.14.0\n\tgolang.org/x/sys v0.20.0\n)\n',
  );
  const imports = [
    'golang.org/x/text/unicode/norm',
    'golang.org/x/text/collate',
    'golang.org/x/sys/unix',
  ];
  await workspace.write(
    'app/go/main.go',
    `package main\n\nimport (\n${imports.map((path) => `\t_ "${path}"\n`).join('')})\n\nfunc main() {}\n`,
  );
  const go = { cwd: join(workspace.root, 'app/go') };
  execFileSync('go', ['mod', 'tidy'], go);
  execFileSync('go', ['mod', 'vendor'], go);
  const layers = await compare(
    `FROM busybox:test AS builder
COPY lib /opt/lib
COPY go /src
RUN chmod 0700 /src/vendor/golang.org`,
    'COPY --from=builder /opt/lib /opt/lib\nCOPY --from=builder /src/vendor /src/vendor',
  );
  // Two jars; two modules, and modules.txt.
  expect(layers).toBe(2 + 3);
}, 600_000);
