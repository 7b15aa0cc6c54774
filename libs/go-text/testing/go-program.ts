import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** A small Go program of ours, which says what Go's own packages do. */
export interface GoProgram {
  /** One answer for each question, in order. */
  ask(questions: readonly unknown[]): unknown[];
}

/**
 * Builds the Go module in `folder`, once for each state of its files, and keeps it with the other
 * tools of the tests.
 *
 * @param shared files beside the module that belong to its package: one source for several modules
 * @returns `undefined` where Go is missing: the tests that need it are skipped
 * @throws Error where Go is missing on a CI machine (CI=true), and where the module does not build
 */
export function goProgram(
  folder: string,
  name: string,
  shared: readonly string[] = [],
): GoProgram | undefined {
  const version = spawnSync('go', ['version'], { encoding: 'utf8' });
  if (version.status !== 0) {
    if (!process.env['CI']) return undefined;
    throw new Error(`Go is missing, and ${name} compares with Go's own code: install Go`);
  }
  const sources = [...readdirSync(folder).map((each) => join(folder, each)), ...shared];
  const file = join(toolFolder(), `${name}-${stateOf(sources, version.stdout)}`);
  if (!existsSync(file)) build(sources, file);
  return { ask: (questions) => ask(file, questions) };
}

function toolFolder(): string {
  const cacheHome = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(cacheHome, 'excel2doc', 'tools', 'go');
}

function stateOf(sources: readonly string[], version: string): string {
  const hash = createHash('sha256').update(version);
  for (const source of sources.toSorted())
    hash.update(`${basename(source)}\n`).update(readFileSync(source));
  return hash.digest('hex').slice(0, 16);
}

// Whole or not at all, also where two processes build it at once.
function build(sources: readonly string[], file: string): void {
  mkdirSync(toolFolder(), { recursive: true });
  const draft = `${file}.${process.pid}`;
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };
  const folder = mkdtempSync(join(tmpdir(), 'go-program-'));
  try {
    for (const source of sources) copyFileSync(source, join(folder, basename(source)));
    execFileSync('go', ['build', '-o', draft, '.'], { cwd: folder, env, stdio: 'pipe' });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  renameSync(draft, file);
}

function ask(file: string, questions: readonly unknown[]): unknown[] {
  const { status, stdout, stderr } = spawnSync(file, {
    input: questions.map((question) => `${JSON.stringify(question)}\n`).join(''),
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`the Go program failed: ${stderr}`);
  const lines = stdout.split('\n').slice(0, -1);
  if (lines.length !== questions.length)
    throw new Error(`${questions.length} questions, ${lines.length} answers`);
  return lines.map((line) => JSON.parse(line) as unknown);
}
