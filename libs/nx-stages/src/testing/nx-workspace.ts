import { execFile, spawn } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { RunningNx } from './running-nx';

const run = promisify(execFile);
const repository = resolve(__dirname, '../../../..');

/** How the tasks of a run ended. */
export type Tasks = Record<string, 'hit' | 'run'>;

export interface Ran {
  status: number;
  output: string;
}

/** A workspace of its own in git, with the Nx of this repository and this plugin from its source. */
export class NxWorkspace {
  readonly root = mkdtempSync(join(tmpdir(), 'nx-workspace-'));

  /** @param env variables that Nx is run with besides */
  constructor(private readonly env: Record<string, string> = {}) {}

  /** Writes the files and commits them. `nx.json` gets the plugin where it is not given. */
  async start(files: Record<string, string>): Promise<void> {
    const nxJson = {
      analytics: false,
      cacheDirectory: '.nx/cache',
      plugins: [{ plugin: '@excel2doc/nx-stages' }],
    };
    symlinkSync(join(repository, 'node_modules'), join(this.root, 'node_modules'));
    await this.git('init', '-q', '-b', 'main');
    await this.commit(() =>
      this.write({
        '.gitignore': 'node_modules\ndist\n.nx\n',
        'package.json': '{"name":"scratch","private":true}',
        'docker/images.lock.json': '{"format":1,"images":{}}',
        'nx.json': JSON.stringify(nxJson),
        ...files,
      }),
    );
  }

  write(files: Record<string, string>): void {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, file)), { recursive: true });
      writeFileSync(join(this.root, file), text);
    }
  }

  append(file: string, text = '\n# edited\n'): void {
    appendFileSync(join(this.root, file), text);
  }

  read(file: string): string {
    return readFileSync(join(this.root, file), 'utf8');
  }

  has(file: string): boolean {
    return existsSync(join(this.root, file));
  }

  /** Names in a folder, of what lies deeper too where that is asked for. */
  list(folder: string, recursive = false): string[] {
    return readdirSync(join(this.root, folder), { recursive, encoding: 'utf8' });
  }

  delete(path: string): void {
    rmSync(join(this.root, path), { recursive: true, force: true });
  }

  move(from: string, to: string): void {
    renameSync(join(this.root, from), join(this.root, to));
  }

  mode(path: string, mode: number): void {
    chmodSync(join(this.root, path), mode);
  }

  /** Makes an edit and commits it; without one, what there is. @throws where git sees nothing of the edit */
  async commit(edit?: () => void): Promise<void> {
    edit?.();
    await this.git('add', '-A');
    await this.git('commit', ...(edit ? [] : ['--allow-empty']), '-qm', 'edit');
  }

  /** Runs Nx; never throws, so that a test can assert on what it said. */
  async nx(...args: string[]): Promise<Ran> {
    try {
      const { stdout, stderr } = await run(this.program, args, this.around());
      return { status: 0, output: `${stdout}${stderr}` };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { status: code, output: `${stdout}${stderr}` };
    }
  }

  /** Starts Nx, for what goes on until it is ended. @param env more variables */
  begin(args: string[], env: NodeJS.ProcessEnv = {}): RunningNx {
    const around = this.around();
    return new RunningNx(
      // In a group of its own, as a terminal has it: Ctrl-C goes to all of them.
      spawn(this.program, args, { ...around, env: { ...around.env, ...env }, detached: true }),
    );
  }

  /** The same in a terminal of its own, as a person has it. `script` every Debian (util-linux) and Mac has. */
  beginInTerminal(args: string[], env: NodeJS.ProcessEnv = {}): RunningNx {
    const around = this.around();
    const command = `stty rows 40 cols 150; ${[this.program, ...args].join(' ')}`;
    const onMac = process.platform === 'darwin';
    const script = onMac
      ? ['-q', '/dev/null', 'sh', '-c', command]
      : ['-qefc', command, '/dev/null'];
    // Nothing of it may say that nobody looks.
    const { CI: _, NX_TUI: __, ...rest } = around.env as NodeJS.ProcessEnv;
    const all = { ...rest, TERM: 'xterm-256color', ...env };
    return new RunningNx(spawn('script', script, { ...around, env: all, detached: true }));
  }

  private get program(): string {
    return join(this.root, 'node_modules/.bin/nx');
  }

  private around() {
    // Nx puts its own state of the outer run into the environment.
    const outer = Object.entries(process.env).filter(([key]) => !/^(?:NX_|VITEST)/.test(key));
    return {
      cwd: this.root,
      env: {
        ...Object.fromEntries(outer),
        NX_DAEMON: 'false',
        NX_ISOLATE_PLUGINS: 'false',
        FORCE_COLOR: '0',
        ...this.env,
      },
    };
  }

  /** The tasks that a run had, and how each ended. @throws where it failed */
  async tasks(...args: string[]): Promise<Tasks> {
    const { status, output } = await this.nx(...args);
    if (status !== 0) throw new Error(output);
    const lines = output.matchAll(
      /^[>✔] +nx run (\S+?)( +\[(?:local cache|existing outputs match).*)?$/gm,
    );
    return Object.fromEntries([...lines].map(([, task, hit]) => [task, hit ? 'hit' : 'run']));
  }

  /** The edges between projects, as `nx graph` draws them. */
  async edges(): Promise<string[]> {
    const { status, output } = await this.nx('graph', '--file=.nx/graph.json');
    if (status !== 0) throw new Error(output);
    const { graph } = JSON.parse(this.read('.nx/graph.json')) as {
      graph: { dependencies: Record<string, { source: string; target: string }[]> };
    };
    return Object.values(graph.dependencies)
      .flat()
      .map(({ source, target }) => `${source} -> ${target}`)
      .sort();
  }

  /** What a layer of a stage's image holds, by the plan that it was made from: path -> digest. */
  planned(home: string, stage: string): Record<string, string> {
    const plan = JSON.parse(this.read(`dist/${home}/docker/plan/${stage}.json`)) as {
      platforms: { files: { path: string; digest?: string }[] }[];
    };
    const files = plan.platforms.flatMap(({ files }) => files);
    return Object.fromEntries(files.map(({ path, digest = '' }) => [path, digest]));
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  async git(...args: string[]): Promise<string> {
    const identity = ['-c', 'user.name=test', '-c', 'user.email=test@localhost'];
    const { stdout } = await run('git', [...identity, ...args], { cwd: this.root });
    return stdout;
  }
}
