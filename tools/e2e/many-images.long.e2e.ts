// Takes 300 s.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Engine } from '@excel2doc/engine';
import { type ImageRecord, layoutSource } from '@excel2doc/oci';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PeakMemory } from './many/memory';
import { contentOf, isOnBase, manyImages } from './many/workspace';
import type { ForeignWorkspace } from './package/workspace';
import { type SecondEngine, secondEngine } from './second-engine';

/** As many as CI has the time for; `IMAGES=500` for the number that the docs speak of. */
const COUNT = Number(process.env['IMAGES'] ?? 60);
const LONG_MS = 300_000 + COUNT * 10_000;

const scratch = mkdtempSync(join(tmpdir(), 'many-images-'));
const image = 'many';
/** Of its own: to remove one image from an engine that holds much takes seconds. */
let own: SecondEngine;
let engine: Engine;
let half: ForeignWorkspace;
let whole: ForeignWorkspace;

beforeAll(async () => {
  own = await secondEngine();
  engine = await own.locate();
  half = await manyImages(join(scratch, 'half'), { image: `${image}-half`, count: COUNT / 2 });
  whole = await manyImages(join(scratch, 'whole'), { image, count: COUNT });
}, LONG_MS);

afterAll(async () => {
  await own?.remove();
  rmSync(scratch, { recursive: true, force: true });
}, LONG_MS);

interface Ran {
  output: string;
  memory: PeakMemory;
}

/** Builds all images of a workspace as a user does. @throws with what was said, where it fails */
async function buildAll({ folder, env }: ForeignWorkspace): Promise<Ran> {
  const nx = join(folder, 'node_modules/.bin/nx');
  const child = spawn(nx, ['run-many', '-t', 'docker-build', '--parallel=8'], {
    cwd: folder,
    // A batch is not told what was typed.
    env: { ...env, ...own.env, NX_PARALLEL: '8' } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const memory = new PeakMemory(child.pid!);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const status = await new Promise((resolve) => child.once('close', resolve));
  memory.stop();
  expect(status, output).toBe(0);
  return { output, memory };
}

/** How each task ended: by Nx's line for it. */
function tasksOf(output: string): { hits: string[]; runs: string[] } {
  const lines = [...output.matchAll(/^[>✔✖] +nx run (\S+)( +\[.*)?$/gm)];
  const named = (isHit: boolean) =>
    lines.filter(([, , mark]) => Boolean(mark) === isHit).map(([, task]) => task!);
  return { hits: named(true), runs: named(false) };
}

function recordOf(at: number): { folder: string; record: ImageRecord } {
  const stage = join(whole.folder, `dist/services/s${at}/docker/out`);
  const [platform = ''] = readdirSync(stage).filter((name) => name.startsWith('linux-'));
  const folder = join(stage, platform);
  return { folder, record: JSON.parse(readFileSync(join(folder, 'image.json'), 'utf8')) };
}

const everyImage = Array.from({ length: COUNT }, (_, at) => at);

/** That each tag names the image that was made last, and this holds what its project has. */
async function expectAllRight(): Promise<void> {
  const listed = await engine.listImages([`reference=${image}/*`]);
  const ids = new Map(listed.map(({ repository, tag, id }) => [`${repository}:${tag}`, id]));
  const wrong = everyImage.flatMap((at) => {
    const { folder, record } = recordOf(at);
    const id = ids.get(`${image}/s${at}:dev`);
    if (id !== record.digest) return [`s${at}:dev is ${id}, built was ${record.digest}`];
    const own = record.layers.find(({ from }) => from === 'self')!;
    const layer = gunzipSync(readFileSync(layoutSource(folder).pathOf(own.digest)));
    return layer.includes(contentOf(at)) ? [] : [`s${at} holds what is not its own`];
  });
  expect(wrong).toEqual([]);
}

/** What a container of it would see. */
async function readIn(at: number, path: string): Promise<string> {
  const { stdout: id } = await engine.command(['create', `${image}/s${at}:dev`]);
  try {
    return (await engine.command(['cp', `${id.trim()}:${path}`, '-'])).stdout;
  } finally {
    await engine.command(['rm', id.trim()]);
  }
}

test(
  'all at once: each image under its own tag, and the memory is that of half as many',
  async () => {
    const few = await buildAll(half);
    const many = await buildAll(whole);
    expect(tasksOf(many.output).hits).toEqual([]);
    await expectAllRight();
    for (const at of [0, 1, COUNT - 1]) expect(await readIn(at, '/own')).toContain(contentOf(at));
    expect(await readIn(0, '/common')).toContain('common\n');
    const ratio = many.memory.peakKiB / few.memory.peakKiB;
    const said = `${few.memory.peakKiB} KiB for ${COUNT / 2}, ${many.memory.peakKiB} KiB for ${COUNT}`;
    expect(ratio, said).toBeLessThan(1.5);
  },
  LONG_MS,
);

test(
  'again: nothing runs',
  async () => {
    const { output } = await buildAll(whole);
    const { hits, runs } = tasksOf(output);
    expect(runs).toEqual([]);
    expect(hits.filter((task) => task.endsWith(':docker-build'))).toHaveLength(COUNT + 1);
  },
  LONG_MS,
);

test(
  'an edit of the image below: the ones on it are built, under their tags, and no other',
  async () => {
    appendFileSync(join(whole.folder, 'base/common'), 'more\n');
    const { output } = await buildAll(whole);
    const built = everyImage.filter(isOnBase).map((at) => `s${at}:docker-build`);
    const { runs } = tasksOf(output);
    const loads = runs.filter((task) => task.endsWith(':docker-build'));
    expect(loads.sort()).toEqual([...built, 'base:docker-build'].sort());
    await expectAllRight();
    expect(await readIn(0, '/common')).toContain('common\nmore\n');
  },
  LONG_MS,
);
