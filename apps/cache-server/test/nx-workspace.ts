import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { toolFolder } from '../tools/tool-folder.mjs';
import { temporaryFolder } from './temporary-folder';

const execute = promisify(execFile);
const workspaceRoot = join(__dirname, '../../..');

export interface NxWorkspace {
  folder: string;
  /** The nx of this version, to be run with node. */
  nxFile: string;
  /** Forgets the local cache and the outputs, as a fresh CI machine has none. */
  forget(): Promise<void>;
  /** `node` runs what is started first; Nx itself may be run by another. */
  start(command: string[], environment: NodeJS.ProcessEnv, node?: string): NxRun;
}

export interface NxRun {
  child: ChildProcess;
  /** All that it has printed so far. */
  output(): string;
  ended: Promise<{ status: number; output: string }>;
}

/** Where nx of that version is installed, from the package registry when it is another than ours. */
export async function installNx(version: string): Promise<string> {
  const own = join(workspaceRoot, 'node_modules');
  const { version: ownVersion } = (await import(join(own, 'nx/package.json'))) as {
    version: string;
  };
  if (version === ownVersion) return own;
  // Outside the repository, so that all its clones share it.
  const folder = join(dirname(toolFolder), '../nx', version);
  if (!existsSync(folder)) {
    const fresh = `${folder}.${process.pid}`;
    await mkdir(fresh, { recursive: true });
    await writeFile(join(fresh, 'package.json'), '{ "private": true }');
    await execute('npm', ['install', '--no-audit', '--no-fund', `nx@${version}`], { cwd: fresh });
    await rename(fresh, folder);
  }
  return join(folder, 'node_modules');
}

/**
 * A workspace of `projects` projects, each with one cached target that writes 100 KB. What it writes
 * depends on `POISON` as well, which Nx's hash does not know of.
 */
export async function nxWorkspace(
  version: string,
  projects: number,
  seconds = 0,
): Promise<NxWorkspace> {
  const modules = await installNx(version);
  const folder = await temporaryFolder();
  const file = async (path: string, content: unknown) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(
      join(folder, path),
      typeof content === 'string' ? content : JSON.stringify(content),
    );
  };
  await file('package.json', { name: 'scratch', private: true });
  await file('nx.json', {
    analytics: false,
    defaultBase: 'main',
    cacheDirectory: '.nx/cache',
    parallel: 2,
  });
  await file('.gitignore', 'node_modules\ndist\n.nx\n');
  for (let at = 0; at < projects; at += 1) {
    await file(`libs/p${at}/source.txt`, `source ${at}`);
    await file(`libs/p${at}/project.json`, {
      name: `p${at}`,
      targets: {
        build: {
          executor: 'nx:run-commands',
          cache: true,
          inputs: ['{projectRoot}/**/*'],
          outputs: ['{workspaceRoot}/dist/p' + at],
          options: {
            command: `node -e "setTimeout(() => { const fs = require('fs'); fs.mkdirSync('dist/p${at}', { recursive: true }); fs.writeFileSync('dist/p${at}/out.txt', ((process.env.POISON || 'out') + ' ${at} ').repeat(10000)); }, ${seconds * 1000})"`,
          },
        },
      },
    });
  }
  await symlink(modules, join(folder, 'node_modules'));
  await execute('git', ['init', '-q', '-b', 'main'], { cwd: folder });
  return {
    folder,
    nxFile: join(
      folder,
      'node_modules/nx',
      existsSync(join(modules, 'nx/dist/bin/nx.js')) ? 'dist/bin/nx.js' : 'bin/nx.js',
    ),
    forget: async () => {
      await rm(join(folder, '.nx'), { recursive: true, force: true });
      await rm(join(folder, 'dist'), { recursive: true, force: true });
    },
    start: (command, environment, node) => start(folder, command, environment, node),
  };
}

function start(
  folder: string,
  command: string[],
  environment: NodeJS.ProcessEnv,
  node: string = process.execPath,
): NxRun {
  // Less what an outer Nx, which runs this test, and its own remote cache have put there.
  const outer = Object.entries(process.env).filter(([key]) => !/^(NX_|EXCEL2DOC_CACHE_)/.test(key));
  const child = spawn(node, command, {
    cwd: folder,
    env: {
      ...Object.fromEntries(outer),
      NODE_OPTIONS: '',
      NX_DAEMON: 'false',
      NX_ISOLATE_PLUGINS: 'false',
      NX_NO_CLOUD: 'true',
      NX_TUI: 'false',
      CI: 'true',
      ...environment,
    },
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += stripVTControlCharacters(data.toString())));
  child.stderr.on('data', (data: Buffer) => (output += stripVTControlCharacters(data.toString())));
  const ended = new Promise<{ status: number; output: string }>((resolve) => {
    child.once('close', (code, signal) => resolve({ status: signal ? 1000 : code!, output }));
  });
  return { child, output: () => output, ended };
}
