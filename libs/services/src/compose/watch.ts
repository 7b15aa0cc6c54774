import { readdir, stat } from 'node:fs/promises';
import { posix } from 'node:path';
import { StagesError } from '@excel2doc/stages';

/** A path of the build context that Compose keeps the same in a running container. */
export interface SyncRule {
  /** Relative to the context. */
  path: string;
  /** Absolute, in the container. */
  target: string;
}

/**
 * What a stage's own COPY instructions bring from the context into the image. Only such as name one
 * source: nothing says where several would go without reading the context.
 *
 * @param instructions of the stage's plan
 * @param workdir of the image
 */
export function syncRules(
  instructions: readonly { keyword: string; text: string }[],
  workdir: string,
): SyncRule[] {
  return instructions.flatMap(({ keyword, text }) => {
    const words = text.split(/\s+/).slice(1);
    if (keyword !== 'COPY' || words.some((word) => word.startsWith('--'))) return [];
    const [path, target, ...more] = words;
    if (path === undefined || target === undefined || more.length > 0) return [];
    if (/[*?["$]/.test(path)) return [];
    const place = posix.resolve(workdir || '/', target);
    const isFolder = /(^|\/)\.?\.?$/.test(target);
    const isFile = posix.extname(path) !== '';
    return [{ path, target: isFolder && isFile ? posix.join(place, posix.basename(path)) : place }];
  });
}

/**
 * Files that were written since a time: what nobody watched yet when they were saved.
 *
 * @param sinceMs since the epoch
 */
export async function savedSince(
  contextDir: string,
  rules: readonly SyncRule[],
  sinceMs: number,
): Promise<SyncRule[]> {
  const found: SyncRule[] = [];
  const look = async ({ path, target }: SyncRule): Promise<void> => {
    const absolute = posix.join(contextDir, path);
    const entry = await stat(absolute).catch(() => undefined);
    if (entry?.isFile() && entry.mtimeMs >= sinceMs) found.push({ path, target });
    if (!entry?.isDirectory()) return;
    for (const name of await readdir(absolute))
      await look({ path: posix.join(path, name), target: posix.join(target, name) });
  };
  for (const rule of rules) await look(rule);
  return found;
}

/**
 * The command that reloads after a change.
 *
 * @param command of the image
 * @param given by the user
 * @throws StagesError `COMMAND_FAILED` for a server that is not known to reload.
 */
export function reloadCommand(command: string[], given: string[] | undefined): string[] {
  if (given && given.length > 0) return given;
  const server = posix.basename(command[0] ?? '');
  if (server === 'uvicorn' || server === 'gunicorn') {
    const rest = command.filter((word) => word !== '--reload');
    return [...rest, '--reload'];
  }
  if (server === 'flask') return [...command, '--debug'];
  throw new StagesError('COMMAND_FAILED', {
    message: `Nothing is known of how \`${command.join(' ') || 'the image'}\` reloads`,
    hint: 'Say it: --reload=COMMAND --reload=ARGUMENT …',
  });
}

/**
 * The same under a debugger that listens on a port, of the languages that have one to start with.
 *
 * @throws StagesError `COMMAND_FAILED` for a program that is not known to have any
 */
export function debugCommand(command: readonly string[], port: number): string[] {
  const [program = '', ...rest] = command;
  const name = posix.basename(program);
  const python = ['python', '-Xfrozen_modules=off', '-m', 'debugpy', '--listen', `0.0.0.0:${port}`];
  if (/^python[\d.]*$/.test(name)) return [...python, ...rest];
  if (['uvicorn', 'gunicorn', 'flask', 'hypercorn', 'celery'].includes(name))
    return [...python, '-m', name, ...rest];
  if (name === 'node') return [program, `--inspect=0.0.0.0:${port}`, ...rest];
  throw new StagesError('COMMAND_FAILED', {
    message: `Nothing is known of how \`${command.join(' ')}\` runs under a debugger`,
    hint: 'Give the whole command: --reload=COMMAND --reload=ARGUMENT …, for Python or Node',
  });
}

export interface Watched {
  service: string;
  /** Absolute. */
  contextDir: string;
  command: string[];
  rules: SyncRule[];
  /** The debugger's port, and the image that has it, where that is another. */
  debug?: { port: number; image: string | undefined };
}

/** On top of the Compose files, for as long as they are watched. */
export function watchOverride({ service, contextDir, command, rules, debug }: Watched): object {
  return {
    services: {
      [service]: {
        // Compose watches nothing without it; it is never built from.
        build: { context: contextDir },
        command,
        ...(debug && { ports: [`127.0.0.1:${debug.port}:${debug.port}`] }),
        ...(debug?.image && { image: debug.image }),
        // Files come into the container's own layer.
        read_only: false,
        develop: {
          watch: rules.map(({ path, target }) => ({
            action: 'sync',
            path: posix.join(contextDir, path),
            target,
          })),
        },
      },
    },
  };
}
