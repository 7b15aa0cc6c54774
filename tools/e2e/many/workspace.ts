import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { packedPlugin } from '../../packed-plugin';
import {
  type ForeignWorkspace,
  GIT,
  shell,
  userEnvironment,
  writeFiles,
} from '../package/workspace';

/** Whether the image of a project stands on the one that `base` builds: each fifth does. */
export const isOnBase = (at: number) => at % 5 === 0;

/** What only this project's image holds. */
export const contentOf = (at: number) => `of s${at} alone\n`;

/**
 * A workspace of many small images: `s0` and so on, each fifth on the image of the project `base`, with
 * the packed plugin. Nothing of them has to be run, so that the number is what is tried.
 *
 * @param image before the name of each project
 */
export async function manyImages(
  scratch: string,
  { image, count }: { image: string; count: number },
): Promise<ForeignWorkspace> {
  const modules = join(scratch, 'node_modules');
  packedPlugin(modules);
  const workspace = { folder: join(scratch, 'many'), env: userEnvironment('') };
  const plugin = {
    plugin: '@excel2doc/nx-stages',
    options: { imageName: `${image}/{projectName}` },
  };
  const files: Record<string, string> = {
    '.gitignore': 'node_modules\ndist\n.nx\n',
    'package.json': JSON.stringify({ name: 'many', private: true }),
    'nx.json': JSON.stringify({ analytics: false, neverConnectToCloud: true, plugins: [plugin] }),
    'docker/images.lock.json': '{"format":1,"images":{}}',
    'base/project.json': JSON.stringify({ name: 'base' }),
    'base/common': 'common\n',
    'base/Dockerfile': 'FROM scratch AS out\nCOPY common /common\n',
  };
  for (let at = 0; at < count; at++) {
    const from = isOnBase(at) ? `${image}/base:dev` : 'scratch';
    files[`services/s${at}/project.json`] = JSON.stringify({ name: `s${at}` });
    files[`services/s${at}/own`] = contentOf(at);
    files[`services/s${at}/Dockerfile`] = `FROM ${from} AS out\nCOPY own /own\nCMD ["/own"]\n`;
  }
  writeFiles(workspace.folder, files);
  symlinkSync(modules, join(workspace.folder, 'node_modules'));
  const { status, output } = await shell(
    workspace,
    `git init -q -b main && git add -A && ${GIT} commit -qm start`,
  );
  if (status !== 0) throw new Error(output);
  return workspace;
}
