import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Engine } from '@excel2doc/engine';
import { workspaceRoot } from '../../workspace';
import { shell } from '../package/workspace';
import type { SecondEngine } from '../second-engine';
import type { ShardsWorkspace } from './workspace';

const EDGE = join(workspaceRoot, 'apps/cache-server/bin/excel2doc-cache.mjs');

export interface Ended {
  status: number | null;
  output: string;
}

/** A machine of CI: a checkout and caches of its own, and an engine. */
export class Machine {
  readonly folder: string;
  private readonly env: NodeJS.ProcessEnv;
  private running: ChildProcess | undefined;

  /** @param cache what Nx, or the edge, is told of the cache server */
  constructor(
    private readonly workspace: ShardsWorkspace,
    name: string,
    private readonly engine: SecondEngine,
    cache: Record<string, string>,
  ) {
    const home = join(workspace.folder, '..', name);
    this.folder = join(home, 'checkout');
    const own = { XDG_CACHE_HOME: join(home, 'cache'), HOME: home };
    this.env = { ...workspace.env, ...engine.env, ...own, ...cache };
    mkdirSync(home, { recursive: true });
  }

  /** A fresh clone of the commit, with what `npm ci` would install. */
  async checkOut(): Promise<void> {
    const clone = `git clone -q ${this.workspace.folder} ${this.folder}`;
    const { status, output } = await shell({ ...this.workspace, folder: '/' }, clone);
    if (status !== 0) throw new Error(output);
    symlinkSync(join(this.workspace.folder, '../node_modules'), join(this.folder, 'node_modules'));
  }

  /** Runs a line as a step of a job does, behind the edge or not; all that it printed. */
  async run(line: string, { edge = false } = {}): Promise<Ended> {
    const words = edge ? ['node', EDGE, 'edge', '--flush-ms=120000', '--', ...line.split(' ')] : ['bash', '-c', line]; // prettier-ignore
    const [program = '', ...args] = words;
    const path = `${join(this.folder, 'node_modules/.bin')}:${this.env['PATH']}`;
    // A group of its own, for a machine that is switched off.
    const child = spawn(program, args, {
      cwd: this.folder,
      env: { ...this.env, PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.running = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        this.seen(output);
      });
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    this.running = undefined;
    return { status, output: stripVTControlCharacters(output) };
  }

  private waiting: { text: string; resolve: () => void } | undefined;

  /** Until what is running has printed a text. */
  async until(text: string): Promise<void> {
    await new Promise<void>((resolve) => (this.waiting = { text, resolve }));
  }

  private seen(output: string): void {
    if (this.waiting && output.includes(this.waiting.text)) this.waiting.resolve();
  }

  /** As a machine that loses its power: nothing is said and nothing is put in order. */
  kill(): void {
    if (this.running?.pid !== undefined) process.kill(-this.running.pid, 'SIGKILL');
  }

  read<T>(file: string): T {
    return JSON.parse(readFileSync(join(this.folder, file), 'utf8')) as T;
  }

  locate(): Promise<Engine> {
    return this.engine.locate();
  }
}
