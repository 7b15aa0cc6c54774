import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { putWhole, toolPath } from './tool-folder';

/**
 * A program in Go that tests ask, built once for each version and kept with the other tools of the
 * tests: whole or not at all.
 *
 * @param module with the path of its command and its version
 * @throws Error with what the compiler said, where it cannot be built
 */
export function goTool(module: string): string {
  const [path = '', version = ''] = module.split('@');
  const name = basename(path);
  const file = toolPath('go-tools', `${name}-${version}`);
  if (existsSync(file)) return file;
  try {
    return putWhole(file, (draft) => {
      const env = { ...process.env, GOBIN: draft, CGO_ENABLED: '0', GOFLAGS: '', GOWORK: 'off' };
      execFileSync('go', ['install', module], { env, stdio: 'pipe' });
      return join(draft, name);
    });
  } catch (cause) {
    const said = String((cause as { stderr?: Buffer }).stderr ?? cause);
    throw new Error(`${module} cannot be built: ${said.trim().split('\n').at(-1)}`, { cause });
  }
}
