import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Of a file that does not say it. */
export const UNDECLARED_SECONDS = 600;

/** What was measured last on this machine: path of a spec, relative to the workspace -> seconds. */
export const recordFile = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'excel2doc', 'test-seconds.json');

/** The seconds that `recordFile` holds; none where nothing was measured yet. */
export function recordedSeconds(file = recordFile()): Record<string, number> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>;
  } catch {
    return {};
  }
}

/** `// Takes 90 s.` in a spec says what it takes on two cores. */
export function declaredSeconds(text: string): number | undefined {
  const seconds = /^\/\/ Takes (\d+) s\.$/m.exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}

/** How long the spec at `file` will take: as it did here before, else as it says. */
export function expectedSeconds(
  file: string,
  workspace: string,
  recorded: Record<string, number>,
): number {
  const measured = recorded[file.slice(workspace.length + 1)];
  return measured ?? declaredSeconds(readFileSync(file, 'utf8')) ?? UNDECLARED_SECONDS;
}
