import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { workspaceRoot } from '../workspace';

/** The Nx of it. */
export const nxVersion = '23.2.1';
const layerMiB = 32;

/** What a file of a workspace holds; one that is given as text is no program. */
type Files = Record<string, string | { mode: number; content: Buffer }>;

/**
 * A user's workspace, committed: the packed plugin from npm's own installation, and an empty lock.
 *
 * @param options of the plugin
 * @param write puts the projects there
 */
export function makeUserWorkspace(
  root: string,
  options: object,
  write: (root: string) => void,
): void {
  const run = (command: string, args: string[], cwd = root) =>
    execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const packed = join(root, 'packed');
  run('node', ['libs/nx-stages/build.mjs', packed], workspaceRoot);
  run('npm', ['pack', '--silent', '--pack-destination', root], packed);
  const [tarball = ''] = execFileSync('sh', ['-c', 'ls *.tgz'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n');
  const plugin = { plugin: '@excel2doc/nx-stages', options };
  const devDependencies = {
    nx: nxVersion,
    '@nx/devkit': nxVersion,
    '@excel2doc/nx-stages': `file:./${tarball}`,
  };
  writeFiles(root, {
    'nx.json': JSON.stringify({ analytics: false, neverConnectToCloud: true, plugins: [plugin] }),
    '.gitignore': 'node_modules\ndist\ntmp\n.nx\n*.tgz\npacked\n',
    'docker/images.lock.json': '{"format":1,"images":{}}',
    'package.json': JSON.stringify({ name: 'loop', private: true, devDependencies }),
  });
  write(root);
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--silent']);
  run('git', ['init', '-q', '-b', 'main']);
  run('git', ['add', '-A']);
  run('git', ['-c', 'user.name=b', '-c', 'user.email=b@localhost', 'commit', '-qm', 'start']);
}

/**
 * One with a project `api` that copies a large layer and a hundred source files.
 *
 * @param files of it besides, its Dockerfile among them
 * @param more of the plugin's options
 */
export function makeLoopWorkspace(
  root: string,
  image: string,
  files: Files,
  more: object = {},
): void {
  const targets = { noop: { executor: 'nx:noop' } };
  const sources = Array.from({ length: 100 }, (_, at): [string, string] => [
    `apps/api/app/part${at}.py`,
    `# ${at}\n`.repeat(200),
  ]);
  makeUserWorkspace(root, { imageName: image, ...more }, () =>
    writeFiles(root, {
      'apps/api/project.json': JSON.stringify({ name: 'api', targets }),
      'apps/api/deps/blob': { mode: 0o644, content: randomBytes(layerMiB * 1024 * 1024) },
      ...Object.fromEntries(sources),
      ...files,
    }),
  );
}

function writeFiles(root: string, files: Files): void {
  for (const [file, given] of Object.entries(files)) {
    const { content, mode } = typeof given === 'string' ? { content: given, mode: 0o644 } : given;
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), content);
    chmodSync(join(root, file), mode);
  }
}
