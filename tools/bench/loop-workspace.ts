import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { workspaceRoot } from '../workspace';

/** The Nx of it. */
export const nxVersion = '23.2.1';
const layerMiB = 32;

/**
 * A user's workspace: the packed plugin from npm's own installation, and one project `api` that copies
 * a large layer and a hundred source files.
 *
 * @param files of it besides, its Dockerfile among them
 * @param more of the plugin's options
 */
export function makeLoopWorkspace(
  root: string,
  image: string,
  files: Record<string, string | { mode: number; content: Buffer }>,
  more: object = {},
): void {
  const write = (file: string, text: string | Buffer) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  const run = (command: string, args: string[], cwd = root) =>
    execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const packed = join(root, 'packed');
  run('node', ['libs/nx-stages/build.mjs', packed], workspaceRoot);
  run('npm', ['pack', '--silent', '--pack-destination', root], packed);
  const [tarball = ''] = execFileSync('sh', ['-c', 'ls *.tgz'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n');
  const plugin = { plugin: '@excel2doc/nx-stages', options: { imageName: image, ...more } };
  write(
    'nx.json',
    JSON.stringify({ analytics: false, neverConnectToCloud: true, plugins: [plugin] }),
  );
  write('.gitignore', 'node_modules\ndist\n.nx\n*.tgz\npacked\n');
  write('docker/images.lock.json', '{"format":1,"images":{}}');
  const targets = { noop: { executor: 'nx:noop' } };
  write('apps/api/project.json', JSON.stringify({ name: 'api', targets }));
  write('apps/api/deps/blob', randomBytes(layerMiB * 1024 * 1024));
  for (let at = 0; at < 100; at += 1) write(`apps/api/app/part${at}.py`, `# ${at}\n`.repeat(200));
  for (const [file, given] of Object.entries(files)) {
    const { content, mode } = typeof given === 'string' ? { content: given, mode: 0o644 } : given;
    write(file, content);
    chmodSync(join(root, file), mode);
  }
  const devDependencies = {
    nx: nxVersion,
    '@nx/devkit': nxVersion,
    '@excel2doc/nx-stages': `file:./${tarball}`,
  };
  write('package.json', JSON.stringify({ name: 'loop', private: true, devDependencies }));
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--silent']);
  run('git', ['init', '-q', '-b', 'main']);
  run('git', ['add', '-A']);
  run('git', ['-c', 'user.name=b', '-c', 'user.email=b@localhost', 'commit', '-qm', 'start']);
}
