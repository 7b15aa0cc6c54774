import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { sourceChain } from '../blob/chain';
import { hasCode } from '../error';
import type { ImageConfig } from '../image/types';
import { layoutSource, readBaseImage, readImageRecord, readLayout } from '../layout/read';
import { type Base, SCRATCH } from '../layout/record';
import { type Engine, privateEngine } from '../testing/engine';
import { temporaryFolder } from '../testing/folder';
import { writeFullLayout } from '../testing/images';
import { render } from '../testing/dockerfile';
import {
  contextFiles,
  contextModes,
  exportedLayers,
  exportedPaths,
  smallBase,
  stageArbitrary,
} from '../testing/stages';
import { thinImage } from '../thin/thin-image';
import { Contents } from '../tree/contents';
import { IndexCache } from '../tree/index-cache';
import { mergeLayers } from '../tree/merge';
import { assembleImage } from './assemble-image';
import type { Instruction } from './instruction';

const platform = 'linux/amd64';
const rounds = Number(process.env['ROUNDS'] ?? 25);
let engine: Engine;

beforeAll(async () => {
  engine = await privateEngine();
});

interface Bench {
  folder: string;
  context: string;
  base: Base;
  baseDir: string;
  builderDir: string;
  builderFull: string;
}

async function bench(): Promise<Bench> {
  const folder = await temporaryFolder();
  const [context, baseDir, builderFull, builderDir] = [
    'context',
    'base',
    'builder-full',
    'builder',
  ].map((name) => join(folder, name)) as [string, string, string, string];
  await mkdir(context);
  for (const [path, content] of Object.entries(contextFiles)) {
    const absolute = join(context, path);
    if (content === null) await mkdir(absolute);
    else if (content.startsWith('->')) await symlink(content.slice(2), absolute);
    else await writeFile(absolute, content);
  }
  for (const [path, mode] of Object.entries(contextModes)) await chmod(join(context, path), mode);
  await writeFullLayout(baseDir, {
    layers: smallBase,
    config: {
      Env: ['A=base'],
      Cmd: ['base'],
      WorkingDir: '/srv',
      Labels: { z: '1' },
    },
  });
  await writeFullLayout(builderFull, { layers: exportedLayers });
  await thinImage({
    layoutDir: builderFull,
    outputDir: builderDir,
    base: SCRATCH,
    platform,
    paths: exportedPaths,
  });
  return {
    folder,
    context,
    base: await readBaseImage(baseDir, platform, 'base:1'),
    baseDir,
    builderDir,
    builderFull,
  };
}

async function byBuildKit({ folder, context, baseDir, builderDir, base }: Bench, text: string) {
  const [full, thin] = [join(folder, 'full'), join(folder, 'by-buildkit')];
  const dockerfile = join(folder, 'Dockerfile');
  await writeFile(dockerfile, `FROM base\n${text}\n`);
  await rm(full, { recursive: true, force: true });
  const named = async (name: string, directory: string) => {
    const { digest } = (await readLayout(directory, platform)).descriptor;
    return `--build-context=${name}=oci-layout://${directory}:latest@${digest}`;
  };
  await engine.docker([
    'buildx',
    'build',
    '--provenance=false',
    '--progress=plain',
    `--file=${dockerfile}`,
    `--output=type=oci,tar=false,dest=${full}`,
    await named('base', baseDir),
    await named('builder', builderDir),
    context,
  ]);
  return thinImage({ layoutDir: full, outputDir: thin, base, platform });
}

async function byAssembly(made: Bench, instructions: Instruction[]) {
  const builder = await readImageRecord(made.builderDir);
  const files = Object.keys(contextFiles).map((path) => ({ path }));
  return assembleImage({
    outputDir: join(made.folder, 'by-assembly'),
    parent: { ...made.base, source: layoutSource(made.baseDir) },
    instructions,
    context: { directory: made.context, files },
    stages: { builder: { record: builder.record, source: layoutSource(made.builderDir) } },
    platform,
    indexFolder: join(made.folder, 'indexes'),
  });
}

/** Every file with all that a user can see of it, hard links as groups. */
async function flatten(made: Bench, name: string) {
  const directory = join(made.folder, name);
  const { record, config } = await readImageRecord(directory);
  const source = sourceChain([directory, made.baseDir, made.builderDir].map(layoutSource));
  const tree = await mergeLayers(
    record.layers,
    source,
    new IndexCache(join(made.folder, 'indexes')),
  );
  const places = new Map(record.layers.map((layer) => [layer.digest, { layer, source }]));
  const contents = new Contents(places);
  const files: Record<string, unknown> = {};
  const groups = new Map<unknown, string>();
  for (const [path, { inode }] of tree.walk()) {
    if (path === '') continue;
    const metadata = { ...inode, content: undefined };
    const first = groups.get(inode) ?? path;
    groups.set(inode, first);
    const text = inode.type === 'file' ? (await contents.readWhole(inode)).toString('latin1') : '';
    files[path] = { ...metadata, text, ...(first !== path && { sameAs: first }) };
  }
  await contents.close();
  return { files, config: comparable(config) };
}

function comparable(config: ImageConfig) {
  return { ...config, rootfs: undefined };
}

/** A folder and a file that go where they were: their layers are not packed again. */
const reusing: Instruction[] = [
  { kind: 'workdir', path: '/tmp', line: 1 },
  { kind: 'workdir', path: '/app', line: 1 },
  { kind: 'copy', from: 'builder', sources: ['/opt/venv'], destination: '/opt/venv', line: 2 },
  {
    kind: 'copy',
    from: 'builder',
    sources: ['/usr/bin/made'],
    destination: '/usr/bin/made',
    line: 3,
  },
  { kind: 'copy', sources: ['src/sub'], destination: '.', chown: 'app:web', line: 4 },
  { kind: 'user', user: 'app', line: 5 },
];

it('a random stage has the same files and the same config as BuildKit gives it', async () => {
  const made = await bench();
  const counts = { compared: 0, refused: 0 };
  const property = fc.asyncProperty(stageArbitrary, async (instructions) => {
    const [theirs, ours] = await Promise.all([
      byBuildKit(made, render(instructions)).catch((error: Error) => error),
      byAssembly(made, instructions).catch((error: Error) => error),
    ]);
    if (ours instanceof Error) {
      // What assembly leaves to BuildKit may go well there; what it calls wrong has to be.
      const isLeft = hasCode(ours, 'NOT_ASSEMBLABLE');
      const isWrong = hasCode(ours, 'ASSEMBLY_FAILED') && theirs instanceof Error;
      if (!isLeft && !isWrong) throw ours;
      counts.refused++;
      return;
    }
    if (theirs instanceof Error) throw theirs;
    counts.compared++;
    expect(await flatten(made, 'by-assembly')).toEqual(await flatten(made, 'by-buildkit'));
  });
  await fc.assert(property, {
    numRuns: rounds,
    seed: Number(process.env['SEED'] ?? process.env['TEST_SEED']),
    endOnFailure: !process.env['SHRINK'],
    examples: [[reusing]],
  });
  console.log(counts);
  expect(counts.compared).toBeGreaterThan(rounds / 3);
}, 3600_000);

it('an exported path that stays in its place is not packed again', async () => {
  const made = await bench();
  const record = await byAssembly(made, reusing);
  const exported = (await readImageRecord(made.builderDir)).record.layers;
  const added = record.layers.slice(made.base.layers.length);
  expect(added.map((layer) => layer.from)).toEqual([
    'self',
    'self',
    'stage:builder',
    'stage:builder',
    'self',
  ]);
  expect(added.slice(2, 4).map((layer) => layer.digest)).toEqual(
    exported.map((layer) => layer.digest),
  );
});
