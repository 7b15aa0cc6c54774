import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { serialisePlan } from '@excel2doc/dockerfile';
import { makeStage } from '../build/make-stage';
import { writePlans } from '../plan/write';
import type { DockerOptions } from '../workspace/docker-options';
import { DockerProject } from '../workspace/docker-project';
import { platformFolder } from '../workspace/paths';

const PLATFORM = 'linux/amd64';

/** What is to be the same on every checkout of one commit. */
export interface Made {
  /** Of each stage. */
  plans: string[];
  digest: string;
}

/** A checkout's project `app`: its plans, and the image that its last stage, `runner`, becomes. */
export async function madeIn(root: string, rest: Partial<DockerOptions> = {}): Promise<Made> {
  const options = { dockerfile: 'app/Dockerfile', context: 'app', lockFile: 'lock.json' };
  const project = new DockerProject(
    { root, name: 'app', folder: 'app' },
    { ...options, platforms: [PLATFORM], ...rest },
  );
  const plans = await writePlans(project, () => undefined);
  for (const { stage } of plans) await makeStage(project, { stage }, () => undefined);
  const record = join(root, 'dist/app/docker/runner', platformFolder(PLATFORM), 'image.json');
  const { digest } = JSON.parse(readFileSync(record, 'utf8')) as { digest: string };
  return { plans: plans.map(serialisePlan), digest };
}

/** The same in a process of its own. @param around how it is started: a umask, a user, a locale */
export function madeBy(
  root: string,
  around: { env?: NodeJS.ProcessEnv; umask?: string; uid?: number },
): Made {
  const script = `umask ${around.umask ?? '0022'} && exec "$0" --import tsx "$1" "$2"`;
  const said = execFileSync('sh', ['-c', script, process.execPath, __filename, root], {
    cwd: __dirname,
    encoding: 'utf8',
    env: { ...process.env, ...around.env },
    ...(around.uid !== undefined && { uid: around.uid, gid: around.uid }),
  });
  return JSON.parse(said) as Made;
}

if (process.argv[1] === __filename)
  void madeIn(process.argv[2]!).then((made) => process.stdout.write(JSON.stringify(made)));
