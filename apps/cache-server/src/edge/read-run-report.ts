import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { runReportSchema, type RunReport } from '../run-report';

const runFileSchema = z.object({
  tasks: z.array(
    z.object({
      hash: z.string(),
      target: z.string(),
      projectName: z.string(),
      startTime: z.coerce.date(),
      endTime: z.coerce.date(),
      cacheStatus: z.string(),
      status: z.unknown(),
    }),
  ),
});

/**
 * What Nx's `run.json` says of the tasks that ran and went well since `startedMs`; null when there
 * is none, as no run needs it.
 */
export async function readRunReport(
  workspace: string,
  startedMs: number,
): Promise<RunReport | null> {
  try {
    const file = join(await cacheDirectory(workspace), 'run.json');
    if ((await stat(file)).mtimeMs < startedMs) return null;
    const { tasks } = runFileSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    const ran = tasks.filter(
      ({ cacheStatus, status }) => cacheStatus === 'cache-miss' && status === 0,
    );
    return runReportSchema.parse({
      tasks: ran.map(({ hash, projectName, target, startTime, endTime }) => ({
        hash,
        project: projectName,
        target,
        durationMs: Math.max(0, endTime.getTime() - startTime.getTime()),
      })),
    });
  } catch {
    return null;
  }
}

/** Where Nx caches is Nx's own business (nx.json, a variable, a home folder), so Nx is asked. */
async function cacheDirectory(workspace: string): Promise<string> {
  const nx = dirname(createRequire(join(workspace, 'package.json')).resolve('nx/package.json'));
  const script = `
    const { join } = require('node:path');
    for (const folder of ['dist/src', 'src']) {
      try {
        console.log(require(join(process.argv[1], folder, 'utils/cache-directory.js')).cacheDir);
        break;
      } catch {}
    }`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, nx], {
    cwd: workspace,
    timeout: 5_000,
  });
  return stdout.trim();
}
