import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Batch, Edit } from './cases';
import type { Engine } from './engine';
import { build } from './engine';
import type { Prediction } from './predict';
import { describePlanFile, predict } from './predict';
import { readTree, writeTree } from './tree';

export interface Tally {
  /** Stages whose files were compared with BuildKit's. */
  compared: number;
  /** Stages that both refuse. */
  refused: number;
  /** Stages of an edited context whose key and result were compared, */
  edited: number;
  /** those among them whose result the edit changed, */
  changed: number;
  /** and those whose key changed though the result did not. */
  needless: number;
}

export const noTally = (): Tally => ({
  compared: 0,
  refused: 0,
  edited: 0,
  changed: 0,
  needless: 0,
});

const refusalsTried = 1;

interface Built {
  predictions: Prediction[];
  /** Of each stage, by its index: what BuildKit delivered, as text. */
  results: Map<number, string>;
}

/**
 * Builds a batch with BuildKit, and again after each round of edits of its context.
 *
 * @throws Error that shows the batch where the library and BuildKit differ
 */
export async function compareBatch(engine: Engine, batch: Batch, tally: Tally): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'dockerfile-fuzz-'));
  const contextDir = join(root, 'context');
  try {
    writeTree(contextDir, [{ path: '.', type: 'directory', mode: 0o755 }, ...batch.files]);
    const ignoreFile = join(contextDir, '.dockerignore');
    rmSync(ignoreFile, { force: true, recursive: true });
    writeFileSync(ignoreFile, `${batch.ignore.join('\n')}\n`);
    let now = batch;
    let before = await buildAll(engine, root, now, tally);
    for (const round of batch.edits) {
      for (const edit of round) now = apply(contextDir, now, edit);
      const after = await buildAll(engine, root, now, tally);
      compareKeys(now, before, after, tally);
      before = after;
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function buildAll(engine: Engine, root: string, batch: Batch, tally: Tally): Promise<Built> {
  const contextDir = join(root, 'context');
  const { argument } = batch;
  const stages = batch.stages.map((copies, stage) => [
    ...(copies.join().includes('$SOURCE') ? ['ARG SOURCE'] : []),
    ...copies.map((copy, index) => copy.replace('"@"', `"/${stage}-${index}/"`)),
  ]);
  const predictions = stages.map((instructions) => predict(contextDir, instructions, argument));
  const good = stages.flatMap((copies, index) =>
    predictions[index]!.kind === 'built' ? copies : [],
  );
  const built = await run(engine, root, good, argument);
  if (!built.ok) throw await blame(engine, root, batch, stages, predictions, built.printed);
  const results = new Map<number, string>();
  predictions.forEach((prediction, stage) => {
    if (prediction.kind !== 'built') return;
    results.set(stage, compareStage(batch, stages[stage]!, prediction, built.delivered));
    tally.compared++;
  });
  const refused = stages.filter((_, index) => predictions[index]!.kind === 'refused');
  for (const instructions of refused.slice(0, refusalsTried)) {
    const alone = await run(engine, root, instructions, argument);
    if (alone.ok) throw failure(batch, instructions, 'BuildKit builds what the library refuses');
    tally.refused++;
  }
  return { predictions, results };
}

function compareStage(
  batch: Batch,
  instructions: string[],
  prediction: Extract<Prediction, { kind: 'built' }>,
  delivered: Map<string, string>,
): string {
  const result: string[] = [];
  for (const [destination, expected] of prediction.delivered) {
    const got = new Map<string, string>();
    for (const [path, described] of delivered)
      if (path.startsWith(`${destination}/`))
        got.set(path.slice(destination.length + 1), described);
    const show = (files: Map<string, string>) => [...files].map((pair) => pair.join(' ')).sort();
    if (show(got).join('\n') !== show(expected).join('\n'))
      throw failure(
        batch,
        instructions,
        `library: ${show(expected).join('; ')}\nBuildKit: ${show(got).join('; ')}`,
      );
    result.push(destination, delivered.has(destination) ? 'made' : 'not made', ...show(got));
    const named = new Set(prediction.plan.files.map(describePlanFile));
    const unnamed = [...got.values()].find(
      (described) => !named.has(described.replace(/ = .*$/, '')),
    );
    if (unnamed !== undefined)
      throw failure(batch, instructions, `the plan does not name ${unnamed}`);
  }
  return result.join('\n');
}

function compareKeys(batch: Batch, before: Built, after: Built, tally: Tally): void {
  batch.stages.forEach((instructions, stage) => {
    const [old, now] = [before.predictions[stage]!, after.predictions[stage]!];
    if (old.kind !== 'built' || now.kind !== 'built') return;
    const changed = before.results.get(stage) !== after.results.get(stage);
    const rebuilt = old.key !== now.key;
    tally.edited++;
    if (changed) tally.changed++;
    if (rebuilt && !changed) tally.needless++;
    if (changed && !rebuilt)
      throw failure(batch, instructions, 'the result changes, the key does not');
  });
}

async function run(engine: Engine, root: string, instructions: string[], argument = '') {
  const dockerfile = join(root, 'Dockerfile');
  const exportTo = join(root, 'out');
  rmSync(exportTo, { recursive: true, force: true });
  // Something is always there to export.
  writeFileSync(dockerfile, ['FROM scratch', 'WORKDIR /always', ...instructions, ''].join('\n'));
  const { ok, printed } = await build(engine, {
    contextDir: join(root, 'context'),
    dockerfile,
    exportTo,
    options: ['--no-cache', '--build-arg', `SOURCE=${argument}`],
  });
  return {
    ok,
    printed,
    delivered: ok ? readTree(exportTo, belowDestination) : new Map<string, string>(),
  };
}

/** `0-1/a/b` -> `a/b` */
const belowDestination = (path: string) => path.slice(path.indexOf('/') + 1);

async function blame(
  engine: Engine,
  root: string,
  batch: Batch,
  stages: string[][],
  predictions: Prediction[],
  printed: string,
): Promise<Error> {
  for (const [index, instructions] of stages.entries()) {
    if (predictions[index]!.kind !== 'built') continue;
    const alone = await run(engine, root, instructions, batch.argument);
    if (!alone.ok) return failure(batch, instructions, `BuildKit refuses it: ${alone.printed}`);
  }
  return failure(batch, stages.flat(), `BuildKit refuses them together: ${printed}`);
}

/** Edits the context, or gives the batch that it makes of this one. */
function apply(contextDir: string, batch: Batch, edit: Edit): Batch {
  if (edit.kind === 'argument') return { ...batch, argument: edit.value };
  if (edit.kind === 'instructions') {
    const at = edit.stage % batch.stages.length;
    return { ...batch, stages: batch.stages.with(at, edit.copies) };
  }
  editContext(contextDir, edit);
  return batch;
}

function editContext(
  contextDir: string,
  edit: Exclude<Edit, { kind: 'argument' | 'instructions' }>,
): void {
  const ignoreFile = join(contextDir, '.dockerignore');
  const lines = readFileSync(ignoreFile, 'utf8').split('\n');
  if (edit.kind === 'ignore') lines.splice(edit.at % lines.length, 0, edit.line);
  if (edit.kind === 'unignore') lines.splice(edit.at % lines.length, 1);
  if (edit.kind === 'ignore' || edit.kind === 'unignore') {
    writeFileSync(ignoreFile, lines.join('\n'));
    return;
  }
  const path = join(contextDir, edit.path);
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (edit.kind === 'delete') rmSync(path, { recursive: true, force: true });
    else if (edit.kind === 'mode' && stat && !stat.isSymbolicLink())
      chmodSync(path, edit.value % 2 ? 0o750 : 0o711);
    else if (edit.kind === 'add' && !stat)
      writeTree(contextDir, [
        { path: edit.path, type: 'file', mode: 0o644, content: `${edit.value}` },
      ]);
    else if (edit.kind === 'content' && stat?.isFile()) appendFileSync(path, `${edit.value}`);
  } catch {
    return; // A file stands where the edit wants a folder: nothing changes.
  }
}

function failure(batch: Batch, instructions: string[], what: string): Error {
  const shown = {
    files: batch.files,
    ignore: batch.ignore,
    stages: [instructions.map(general).filter((instruction) => instruction !== 'ARG SOURCE')],
    argument: batch.argument,
    edits: batch.edits,
  };
  return new Error(`${what}\n${JSON.stringify(shown)}`);
}

function general(instruction: string): string {
  return instruction.replace(/"\/\d+-\d+\/"/, '"@"');
}
