import { posix } from 'node:path';
import { StagesError } from '../fault';

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

/** On top of the Compose files, for as long as they are watched. */
export function watchOverride(
  service: string,
  contextDir: string,
  command: string[],
  rules: SyncRule[],
): object {
  return {
    services: {
      [service]: {
        // Compose watches nothing without it; it is never built from.
        build: { context: contextDir },
        command,
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
