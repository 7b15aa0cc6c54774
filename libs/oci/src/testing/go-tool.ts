import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';

/**
 * A program in Go that tests ask, built once for each version and kept with the other tools of the
 * tests: whole or not at all.
 *
 * @param module with the path of its command and its version
 * @throws Error with what the compiler said, where it cannot be built
 */
export function goTool(module: string): string {
  const cacheHome = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(cacheHome, 'excel2doc', 'tools', 'go-tools');
  const [path = '', version = ''] = module.split('@');
  const name = basename(path);
  const file = join(folder, `${name}-${version}`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  const draft = mkdtempSync(join(folder, 'draft-'));
  try {
    const env = { ...process.env, GOBIN: draft, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };
    execFileSync('go', ['install', module], { env, stdio: 'pipe' });
    renameSync(join(draft, name), file);
    return file;
  } catch (cause) {
    const said = String((cause as { stderr?: Buffer }).stderr ?? cause);
    throw new Error(`${module} cannot be built: ${said.trim().split('\n').at(-1)}`, { cause });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
