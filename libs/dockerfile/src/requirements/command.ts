import { posix } from 'node:path';

/** What a RUN does, as far as it consists of commands that are known not to read other files. */
export interface PlainCommand {
  /** Absolute paths given to pip as `-r` or `-c`. */
  requirements: string[];
  /** Absolute paths that the commands are given otherwise: what lies there may be read. */
  mentioned: string[];
}

type State = { cwd: string | undefined } & PlainCommand;

// These never show a file's content in what they make; pip and uv have rules of their own below.
const harmless = new Set(['true', ':', 'set', 'mkdir', 'rm', 'chmod', 'chown', 'export', 'unset']);
const careful = new Set([
  'apt-get',
  'apt',
  'apk',
  'dnf',
  'microdnf',
  'echo',
  'virtualenv',
  'source',
  '.',
]);

/**
 * Reads a shell command, or the words of an exec form.
 *
 * @param cwd `undefined` when it is the base image's own
 * @returns `undefined` for anything that is not plain: a pipe, a redirection, a substitution, a
 *   command that is not known
 */
export function readCommand(
  command: string | string[],
  cwd: string | undefined,
): PlainCommand | undefined {
  const commands = typeof command === 'string' ? splitShell(command) : [command];
  if (!commands) return undefined;
  const state: State = { cwd, requirements: [], mentioned: [] };
  return commands.every((words) => readWords(words, state)) ? state : undefined;
}

/** Simple commands as words; `undefined` where the shell does more than run them in a row. */
function splitShell(command: string): string[][] | undefined {
  const commands: string[][] = [[]];
  const token =
    /\s*(?:(2?>\s*\/dev\/null|2>&1)|(&&|\|\||;|\n)|((?:[^\s'"\\;&|<>()$`*?[\]{}#~!]|'[^']*'|"[^"$`\\]*")+))/y;
  const text = command.trim();
  for (let at = 0; at < text.length;) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (!match) return undefined;
    at = token.lastIndex;
    if (match[2] !== undefined) commands.push([]);
    else if (match[3] !== undefined)
      commands.at(-1)!.push(match[3].replace(/(['"])(.*?)\1/g, '$2'));
  }
  return commands.filter((words) => words.length > 0);
}

function readWords(words: string[], state: State): boolean {
  const start = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word));
  if (start < 0) return true;
  const [name = '', ...args] = words.slice(start);
  const program = posix.basename(name);
  if (harmless.has(program)) return true;
  if (program === 'cd') {
    state.cwd = args.length === 1 ? absolute(args[0]!, state.cwd) : undefined;
    return state.cwd !== undefined;
  }
  if (program === 'find') return !args.includes('-exec') && mention(args, state);
  if (careful.has(program)) return mention(args, state);
  if (/^pip(?:3(?:\.\d+)?)?$/.test(program)) return readPip(args, state);
  if (program === 'uv' && args[0] === 'pip') return readPip(args.slice(1), state);
  if (program === 'uv' && args[0] === 'venv') return mention(args.slice(1), state);
  if (!/^python(?:3(?:\.\d+)?)?$/.test(program) || args[0] !== '-m') return false;
  if (args[1] === 'pip') return readPip(args.slice(2), state);
  return (
    ['venv', 'virtualenv', 'compileall'].includes(args[1] ?? '') && mention(args.slice(2), state)
  );
}

function readPip(args: string[], state: State): boolean {
  const verb = args.findIndex((word) => !word.startsWith('-'));
  if (!['install', 'wheel', 'download'].includes(args[verb] ?? '')) return false;
  const rest: string[] = args.slice(0, Math.max(verb, 0));
  for (let i = verb + 1; i < args.length; i++) {
    const word = args[i]!;
    const inline = /^(?:-[rc](?=[^-])|--(?:requirement|constraint)=)(.+)$/.exec(word);
    let file = inline?.[1];
    if (/^(?:-r|-c|--requirement|--constraint)$/.test(word)) file = args[++i];
    if (file === undefined) {
      rest.push(word);
      continue;
    }
    const path = absolute(file, state.cwd);
    if (path === undefined) return false;
    state.requirements.push(path);
  }
  return mention(rest, state);
}

// Every word may be a path, and so may what stands after = in an option.
function mention(words: string[], state: State): boolean {
  return words.every((word) => {
    const candidates = [word, word.slice(word.indexOf('=') + 1)].filter((text) => text !== '');
    const paths = candidates.map((text) => absolute(text, state.cwd));
    if (paths.includes(undefined)) return !candidates.some((text) => /^\.|\//.test(text));
    state.mentioned.push(...(paths as string[]));
    return true;
  });
}

function absolute(path: string, cwd: string | undefined): string | undefined {
  if (path.startsWith('/')) return posix.normalize(path);
  return cwd === undefined ? undefined : posix.join(cwd, path);
}
