import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { privateEngineFile } from '@excel2doc/engine';
import { workspaceRoot } from '../../workspace';
import type { LocalRegistry } from './registry';

/** Git as somebody who may commit, for a line of shell. */
export const GIT = 'git -c user.name=e2e -c user.email=e2e@localhost';

/** A workspace of somebody else: it knows our package from the registry only. */
export interface ForeignWorkspace {
  folder: string;
  env: Record<string, string | undefined>;
}

export interface Ran {
  status: number;
  output: string;
}

/** The Nx that this repository is on. */
export const NX_VERSION: string = JSON.parse(
  readFileSync(join(workspaceRoot, 'package.json'), 'utf8'),
).devDependencies.nx;

/** What the commands of a user see: our registry, no variable of the Nx that runs this test, `docker`. */
export function userEnvironment(npmrc: string): Record<string, string | undefined> {
  const outer = Object.fromEntries(
    Object.entries(process.env).filter(
      ([key]) => !/^(NX_|npm_|VITEST|NODE_OPTIONS|INIT_CWD)/.test(key),
    ),
  );
  return {
    ...outer,
    ...privateDocker(),
    NPM_CONFIG_USERCONFIG: npmrc,
    NPM_CONFIG_PREFER_OFFLINE: 'true',
    NPM_CONFIG_AUDIT: 'false',
    NPM_CONFIG_FUND: 'false',
    // To npx's question whether to install what it is to run.
    NPM_CONFIG_YES: 'true',
    CI: 'true',
    NX_DAEMON: 'false',
    NX_TUI: 'false',
    FORCE_COLOR: '0',
  };
}

/** A user has `docker` on the PATH; where only the private engine is, its own client is put there. */
function privateDocker(): Record<string, string> {
  if (process.env['DOCKER_HOST'] || !existsSync(privateEngineFile())) return {};
  const { docker, host, dockerConfig } = JSON.parse(readFileSync(privateEngineFile(), 'utf8'));
  const path = [dirname(docker), process.env['PATH']].join(delimiter);
  return { PATH: path, DOCKER_HOST: host, DOCKER_CONFIG: dockerConfig };
}

/** Runs a line of shell; never throws, so that a test can assert on its exit status. */
export async function shell(
  { folder, env }: ForeignWorkspace,
  line: string,
  more: Record<string, string> = {},
): Promise<Ran> {
  const { execa } = await import('execa');
  const result = await execa('bash', ['-euo', 'pipefail', '-c', line], {
    cwd: folder,
    env: { ...env, ...more } as Record<string, string>,
    extendEnv: false,
    reject: false,
    all: true,
    stdin: 'ignore',
  });
  return { status: result.exitCode ?? -1, output: result.all };
}

/** Builds the package in `out` and publishes it to a registry of this machine. */
export async function publishPackage({ npmrc }: LocalRegistry, out: string): Promise<void> {
  const here = { folder: workspaceRoot, env: userEnvironment(npmrc) };
  const publish = `node libs/nx-stages/build.mjs ${out} && cd ${out} && npm publish`;
  const { status, output } = await shell(here, publish);
  if (status !== 0) throw new Error(output);
}

export function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** A workspace with no more than Nx, as somebody has it who added Nx to a repository by hand. */
export async function bareWorkspace(workspace: ForeignWorkspace, nxVersion: string): Promise<void> {
  const devDependencies = { nx: nxVersion, '@nx/devkit': nxVersion };
  writeFiles(workspace.folder, {
    'package.json': JSON.stringify({ name: 'bare', private: true, devDependencies }),
    'nx.json': JSON.stringify({ analytics: false, neverConnectToCloud: true }),
    '.gitignore': 'node_modules\ndist\n.nx\n',
  });
  const { status, output } = await shell(
    workspace,
    `npm install && git init -q -b main && git add -A && ${GIT} commit -qm start`,
  );
  if (status !== 0) throw new Error(output);
}
