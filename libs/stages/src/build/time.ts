import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Lies beside a stage's output and is restored with it; no key is made from it. */
const TIME_JSON = 'time.json';

/** @param folder absolute path of the stage's output */
export async function writeBuildTime(folder: string, buildMs: number): Promise<void> {
  await writeFile(join(folder, TIME_JSON), `${JSON.stringify({ buildMs: Math.round(buildMs) })}\n`);
}

/** How long a stage took when it was built last, here or where its cached output comes from. */
export function readBuildTime(folder: string): number | undefined {
  const file = join(folder, TIME_JSON);
  if (!existsSync(file)) return undefined;
  return (JSON.parse(readFileSync(file, 'utf8')) as { buildMs: number }).buildMs;
}
