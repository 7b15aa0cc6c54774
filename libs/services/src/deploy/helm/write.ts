import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StagesError } from '@excel2doc/stages';
import type { HelmChart } from './chart';

/**
 * Writes a chart into a folder, in place of one that is there, and its secrets beside it.
 *
 * @param folder where to
 * @param shown the same as people know it
 * @throws StagesError `NAME_TAKEN` where something else is in the folder: it is left as it is
 */
export async function writeChart(chart: HelmChart, folder: string, shown: string): Promise<void> {
  const there = await readdir(folder).catch((): string[] => []);
  if (there.length > 0 && !there.includes('Chart.yaml'))
    throw new StagesError('NAME_TAKEN', {
      message: `${shown} is there already, and is no chart`,
      hint: 'Name another folder: --output=FOLDER',
    });
  // What was written for a service that is gone would be installed with the rest.
  await rm(join(folder, 'templates'), { recursive: true, force: true });
  for (const [path, text] of chart.files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const secrets = `${folder}.secrets.yaml`;
  // The mode counts for a file that is made: one that was readable stays so otherwise.
  await rm(secrets, { force: true });
  await writeFile(secrets, chart.secrets, { mode: 0o600 });
}
