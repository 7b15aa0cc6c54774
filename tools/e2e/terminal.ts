import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { type Clone, environmentOf } from './clone';

/** A command in a terminal of its own, as a person sees it. */
export interface Terminal {
  /** All that it has shown, without control sequences. */
  shown(): string;
  /** Waits until `text` is shown, after what was waited for before. */
  waitFor(text: RegExp): Promise<void>;
  type(keys: string): void;
  /** Its exit status; given a minute, then it is killed. */
  end(): Promise<number>;
}

export const CTRL_C = '\x03';

/** Opens a terminal with `script`, which every Debian (util-linux) and every Mac has. */
export async function openTerminal(clone: Clone, command: string): Promise<Terminal> {
  const { execa } = await import('execa');
  const onMac = process.platform === 'darwin';
  const args = onMac ? ['-q', '/dev/null', 'sh', '-c', command] : ['-qefc', command, '/dev/null'];
  const child = execa('script', args, {
    cwd: clone.folder,
    env: { ...environmentOf(clone), TERM: 'xterm-256color' },
    extendEnv: false,
    reject: false,
    buffer: false,
    stdin: 'pipe',
    all: true,
    timeout: 180_000,
    forceKillAfterDelay: 2_000,
  });
  let raw = '';
  let ended = false;
  child.all.on('data', (chunk: Buffer) => (raw += chunk.toString()));
  void child.then(() => (ended = true));
  let from = 0;
  const shown = () => stripVTControlCharacters(raw);
  return {
    shown,
    async waitFor(text) {
      for (;;) {
        const found = text.exec(shown().slice(from));
        if (found) {
          from += found.index + found[0].length;
          return;
        }
        if (ended) throw new Error(`${command} ended before it showed ${text}:\n${shown()}`);
        await sleep(50);
      }
    },
    type: (keys) => void child.stdin.write(keys),
    async end() {
      const { exitCode } = await child;
      return exitCode ?? -1;
    },
  };
}
