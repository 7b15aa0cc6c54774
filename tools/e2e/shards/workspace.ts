import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { packedPlugin } from '../../packed-plugin';
import type { StandIn } from '../package/base';
import {
  type ForeignWorkspace,
  GIT,
  shell,
  userEnvironment,
  writeFiles,
} from '../package/workspace';

/** What images of one kind stand on, each on the project `base`. */
export const KINDS = ['python', 'node', 'php', 'go'];
export const kindOf = (at: number) => KINDS[at % KINDS.length]!;

/** What only this project's image holds. */
export const contentOf = (at: number) => `of s${at} alone\n`;

/** What is another one each time that it is run: who has the same has what was made once. */
const ONCE = 'cat /proc/sys/kernel/random/uuid';

export interface ShardsWorkspace extends ForeignWorkspace {
  /** Of all image names. */
  image: string;
  /** Images beside those of `base` and the kinds. */
  count: number;
}

/**
 * A workspace of many images in three storeys: `base`, one a kind on it, and services on these. The lower
 * two run something whose result differs each time; of the services each third runs something.
 */
export async function shardsWorkspace(
  scratch: string,
  { image, count, standIn }: { image: string; count: number; standIn: StandIn },
): Promise<ShardsWorkspace> {
  const modules = join(scratch, 'node_modules');
  packedPlugin(modules);
  const program = join(modules, '@excel2doc/nx-stages/shards/cli.js');
  // As npm does for the programs of a package.
  chmodSync(program, 0o755);
  mkdirSync(join(modules, '.bin'), { recursive: true });
  symlinkSync(program, join(modules, '.bin/excel2doc-shards'));
  const workspace = { folder: join(scratch, 'origin'), env: userEnvironment(''), image, count };
  const plugin = {
    plugin: '@excel2doc/nx-stages',
    options: { imageName: `${image}/{projectName}`, tags: ['dev'], skipDefaultTag: true },
  };
  writeFiles(workspace.folder, {
    '.gitignore': 'node_modules\ndist\n.nx\n',
    'package.json': JSON.stringify({ name: 'sharded', private: true }),
    'nx.json': JSON.stringify({
      analytics: false,
      neverConnectToCloud: true,
      cacheDirectory: '.nx/cache',
      plugins: [plugin],
    }),
    'docker/images.lock.json': '{"format":1,"images":{}}',
    'docker/images.local.json': standIn.localImages,
    ...project('base', `FROM python:3.12-slim AS out\nRUN ${ONCE} > /of-base\n`),
    ...Object.assign(
      {},
      ...KINDS.map((kind) =>
        project(kind, `FROM ${image}/base:dev AS out\nRUN ${ONCE} > /of-${kind}\n`),
      ),
    ),
    ...Object.assign({}, ...Array.from({ length: count }, (_, at) => service(image, at))),
  });
  const { status, output } = await shell(
    workspace,
    `git init -q -b main && git add -A && ${GIT} commit -qm start`,
  );
  if (status !== 0) throw new Error(output);
  return workspace;
}

function service(image: string, at: number): Record<string, string> {
  const ran = at % 3 === 0 ? 'RUN sha256sum /own > /sum\n' : '';
  const dockerfile = `FROM ${image}/${kindOf(at)}:dev AS out\nCOPY own /own\n${ran}CMD ["cat", "/own"]\n`;
  return { ...project(`s${at}`, dockerfile), [`s${at}/own`]: contentOf(at) };
}

const project = (name: string, dockerfile: string) => ({
  [`${name}/project.json`]: JSON.stringify({ name }),
  [`${name}/Dockerfile`]: dockerfile,
});
