import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { replaceFileSync } from '@excel2doc/oci';
import { type RunRecord, parseRun } from './run';

/** A few more than a report compares with, so that runs of other projects do not push them out. */
const KEPT = 30;

/**
 * Where the runs are kept: in Nx's own data folder, which no hash reads, git ignores in every Nx
 * workspace and `nx reset` empties.
 */
export function runsFolder(workspaceRoot: string, env: NodeJS.ProcessEnv = process.env): string {
  const data = env['NX_WORKSPACE_DATA_DIRECTORY'] || join('.nx', 'workspace-data');
  return resolve(workspaceRoot, data, 'docker-runs');
}

/** Keeps a run, whole or not at all, and lets go of the oldest. */
export function keepRun(folder: string, run: RunRecord): void {
  // Names sort by time.
  const name = `${run.at.replaceAll(/[^\dT]/g, '')}-${run.id}.json`;
  replaceFileSync(join(folder, name), JSON.stringify(run));
  const names = runNames(folder);
  for (const old of names.slice(0, Math.max(0, names.length - KEPT))) {
    rmSync(join(folder, old), { force: true });
  }
}

/** The kept runs, the latest last; a file that is none is passed over. */
export function readRuns(folder: string): RunRecord[] {
  return runNames(folder).flatMap(
    (name) => parseRun(readFileSync(join(folder, name), 'utf8')) ?? [],
  );
}

function runNames(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort();
  } catch {
    return [];
  }
}
