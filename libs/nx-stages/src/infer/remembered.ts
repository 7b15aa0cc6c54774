import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFileSync } from '@excel2doc/oci';

type Known = Map<string, unknown>;

/** What was read before, in this process or, of an installed plugin, in one before it. */
const kept = new Map<string, { before: Known; now: Known }>();

/**
 * What `make` reads from `parts`, which are all that it depends on. Made once for the same parts:
 * nodes and dependencies ask for the same, and Nx asks again after every change of a file.
 */
export function remembered<T>(workspaceRoot: string, parts: unknown[], make: () => T): T {
  const { before, now } = knownIn(workspaceRoot);
  const key = createHash('sha1').update(JSON.stringify(parts)).digest('base64');
  const value = (now.get(key) ?? before.get(key) ?? make()) as T;
  now.set(key, value);
  return value;
}

/** Keeps what was read for the next process that makes a graph; what nobody asked for is dropped. */
export function keepRemembered(workspaceRoot: string): void {
  const file = keptFile(workspaceRoot);
  const { before, now } = knownIn(workspaceRoot);
  const isNew = now.size !== before.size || [...now.keys()].some((key) => !before.has(key));
  kept.set(workspaceRoot, { before: now, now: new Map() });
  if (!file || !isNew) return;
  try {
    replaceFileSync(file, JSON.stringify([...now]));
  } catch {
    // A checkout that cannot be written: the next graph takes some milliseconds longer.
  }
}

function knownIn(workspaceRoot: string): { before: Known; now: Known } {
  const known = kept.get(workspaceRoot) ?? { before: readKept(workspaceRoot), now: new Map() };
  kept.set(workspaceRoot, known);
  return known;
}

function readKept(workspaceRoot: string): Known {
  const file = keptFile(workspaceRoot);
  try {
    return new Map(file ? JSON.parse(readFileSync(file, 'utf8')) : []);
  } catch {
    return new Map();
  }
}

/**
 * In Nx's own folder for such files, one for each build of the plugin. Undefined for a plugin that
 * runs from its source: an edit of the parser would then not be seen.
 */
function keptFile(workspaceRoot: string): string | undefined {
  if (__filename.endsWith('.ts')) return undefined;
  const folder =
    process.env['NX_WORKSPACE_DATA_DIRECTORY'] ?? join(workspaceRoot, '.nx', 'workspace-data');
  const build = createHash('sha1').update(readFileSync(__filename)).digest('hex').slice(0, 12);
  return join(folder, `nx-stages-${build}.json`);
}
