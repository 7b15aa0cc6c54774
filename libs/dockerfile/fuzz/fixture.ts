import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseDockerfile } from '../src/dockerfile';
import type { StagePlan } from '../src/plan';
import { planStages } from '../src/plan/plan-stages';
import { serialisePlan } from '../src/serialise';
import type { Engine } from './engine';
import { build } from './engine';
import { readTree } from './tree';

const folder = join(__dirname, '../fixtures');

export const fixtureNames = readdirSync(folder).sort();

/** A stage's key, and what BuildKit made of it. */
interface Made {
  plan: StagePlan;
  key: string;
  result: string;
}

export interface EditCounts {
  /** Pairs of an edit and a stage. */
  pairs: number;
  changed: number;
  /** The key changed, the result did not. */
  needless: string[];
}

/**
 * Changes every file of a fixture's context, one at a time, and builds every stage each time.
 *
 * @throws Error where a result changed and the key did not
 */
export async function changeEveryFile(
  engine: Engine,
  name: string,
  base: string,
): Promise<EditCounts> {
  const root = mkdtempSync(join(tmpdir(), `fixture-${name}-`));
  const contextDir = join(root, 'context');
  try {
    const paths = writeContext(name, contextDir);
    const counts: EditCounts = { pairs: 0, changed: 0, needless: [] };
    let before = await make(engine, root, base);
    for (const [path, line] of paths.flatMap(editsOf)) {
      appendFileSync(join(contextDir, path), line);
      const after = await make(engine, root, base);
      compare(`${path} + ${JSON.stringify(line)}`, before, after, counts);
      before = after;
    }
    return counts;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function writeContext(name: string, contextDir: string): string[] {
  mkdirSync(contextDir);
  for (const file of ['Dockerfile', '.dockerignore'])
    if (existsSync(join(folder, name, file)))
      copyFileSync(join(folder, name, file), join(contextDir, file));
  const paths = readFileSync(join(folder, name, 'files.txt'), 'utf8')
    .trim()
    .split('\n');
  for (const path of paths) {
    mkdirSync(dirname(join(contextDir, path)), { recursive: true });
    writeFileSync(join(contextDir, path), contentOf(path));
  }
  return paths;
}

function contentOf(path: string): string {
  if (!/requirements.*\.txt$/.test(path)) return `${path}\n`;
  const include = path.endsWith('production.txt') ? '-r base.txt\n' : '';
  return `${include}# ${path}\nfastapi==0.120.0\nuvicorn[standard]==0.38.0 ; python_version >= "3.12"\n`;
}

function editsOf(path: string): [string, string][] {
  const edits: [string, string][] = [[path, '# a comment\n']];
  if (/requirements.*\.txt$/.test(path)) edits.push([path, 'httpx==0.28.1\n']);
  return edits;
}

async function make(engine: Engine, root: string, base: string): Promise<Map<string, Made>> {
  const contextDir = join(root, 'context');
  const source = readFileSync(join(contextDir, 'Dockerfile'), 'utf8');
  const dockerfile = parseDockerfile(source, { file: 'Dockerfile' });
  const plans = planStages(dockerfile, { contextDir, indexPath: join(root, 'index.json') });
  const references = new Set<string>();
  const copies = plans.flatMap(({ stage, platforms: [plan] }) => {
    const images = plan!.base.kind === 'image' ? [plan!.base, ...plan!.images] : plan!.images;
    images.forEach(({ reference }) => references.add(reference));
    const from = dockerfile.stages.find(({ name }) => name === stage)!;
    const paths = plan!.output.kind === 'paths' ? plan!.output.paths : ['/'];
    const named = from.declaredName === '' ? String(from.index) : stage;
    return paths.map((path) => `COPY --from=${named} ${path} /${stage}${path}`);
  });
  // The frontend of the engine does; the directive would have it fetched.
  const all = source.replace(/^# syntax=.*\n/, '');
  const file = join(root, 'Dockerfile.results');
  writeFileSync(file, [all, 'FROM scratch AS results', ...copies, ''].join('\n'));
  copyIgnoreFile(contextDir, `${file}.dockerignore`);
  const exportTo = join(root, 'out');
  rmSync(exportTo, { recursive: true, force: true });
  const contexts = [...references].flatMap((reference) => [
    '--build-context',
    `${reference}=${base}`,
  ]);
  const secret = ['--secret', `id=pip,src=${join(contextDir, 'Dockerfile')}`];
  const options = [...contexts, ...secret, '--network=none'];
  const { ok, printed } = await build(engine, { contextDir, dockerfile: file, exportTo, options });
  if (!ok) throw new Error(printed);
  const tree = [...readTree(exportTo)].map(([path, described]) => `${path} ${described}`);
  return new Map(
    plans.map((file) => {
      const result = tree.filter((line) => line.startsWith(`${file.stage}/`)).join('\n');
      return [file.stage, { plan: file.platforms[0]!, key: serialisePlan(file), result }];
    }),
  );
}

function copyIgnoreFile(contextDir: string, to: string): void {
  const from = join(contextDir, '.dockerignore');
  if (existsSync(from)) copyFileSync(from, to);
}

function compare(
  edit: string,
  before: Map<string, Made>,
  after: Map<string, Made>,
  counts: EditCounts,
): void {
  for (const [stage, now] of after) {
    const old = before.get(stage)!;
    const changed = old.result !== now.result;
    const rebuilt =
      old.key !== now.key ||
      now.plan.stages.some((name) => before.get(name)!.result !== after.get(name)!.result);
    counts.pairs++;
    if (changed) counts.changed++;
    if (changed && !rebuilt) throw new Error(`${edit} changes the result of ${stage}, not its key`);
    if (rebuilt && !changed) counts.needless.push(`${stage}: ${edit}`);
  }
}
