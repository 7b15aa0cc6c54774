import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '@excel2doc/engine';
import { shell } from '../shell';

/** The newest Node that npm's registry has as a package, in the user's cache and not installed. */
export async function newestNode(): Promise<{ version: string; folder: string }> {
  const name = `node-${process.platform}-${process.arch}`;
  const version = (await shell`npm view node version`).text().trim();
  const home = join(cacheFolder(), 'tools', `node-${version}`);
  const folder = join(home, 'node_modules', name, 'bin');
  if (existsSync(join(folder, 'node'))) return { version, folder };
  const draft = `${home}.unfinished-${process.pid}`;
  mkdirSync(draft, { recursive: true });
  const install = shell({ cwd: draft });
  await install`npm install --prefix ${draft} --no-save --ignore-scripts --no-audit --no-fund ${name}@${version}`;
  rmSync(home, { recursive: true, force: true });
  renameSync(draft, home);
  return { version, folder };
}
