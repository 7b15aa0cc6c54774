import { UNKNOWN } from './unknown';

export interface Token {
  kind: 'name' | 'string' | 'heredoc' | 'number' | 'sign' | 'line' | 'other';
  text: string;
  line: number;
}

const TOKENS =
  /(?<skip>[ \t\r]+|(?:#|\/\/)[^\n]*|\/\*[\s\S]*?\*\/)|(?<line>\n)|(?<heredoc><<-?[\p{L}_][\p{L}\p{N}_-]*\r?\n)|(?<number>-?\d+(?:\.\d+)?)|(?<name>[\p{L}_][\p{L}\p{N}_-]*)|(?<sign>[{}[\]=:,])|(?<other>[\s\S])/uy;

/** The words of an HCL file. A string reaches to its own end, templates with strings in them included. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let line = 1;
  for (let at = 0; at < text.length;) {
    const { kind, end } = next(text, at);
    const word = text.slice(at, end);
    if (kind !== 'skip') found.push({ kind, text: word, line });
    line += word.split('\n').length - 1;
    at = end;
  }
  return found;
}

function next(text: string, at: number): { kind: Token['kind'] | 'skip'; end: number } {
  if (text[at] === '"') {
    const end = stringEnd(text, at);
    return end === undefined ? { kind: 'other', end: at + 1 } : { kind: 'string', end };
  }
  TOKENS.lastIndex = at;
  const { groups = {}, 0: word = '' } = TOKENS.exec(text) ?? {};
  const [kind = 'other'] = Object.entries(groups).find(([, each]) => each !== undefined) ?? [];
  const end = at + (word.length || 1);
  if (kind === 'heredoc') return { kind, end: heredocEnd(text, end, word) };
  return { kind: kind as Token['kind'] | 'skip', end };
}

/** Behind the closing quote; undefined where the line ends before it. */
function stringEnd(text: string, start: number): number | undefined {
  for (let at = start + 1; at < text.length; at++) {
    const two = text.slice(at, at + 2);
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
    else if (text[at] === '\n') return undefined;
    else if (two === '$$' || two === '%%') at++;
    else if (two === '${' || two === '%{') {
      const end = templateEnd(text, at + 2);
      if (end === undefined) return undefined;
      at = end - 1;
    }
  }
  return undefined;
}

/** Behind the brace that closes a template, over strings and braces in it. */
function templateEnd(text: string, start: number): number | undefined {
  let depth = 1;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '"') {
      const end = stringEnd(text, at);
      if (end === undefined) return undefined;
      at = end - 1;
    } else if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at + 1;
  }
  return undefined;
}

/** Before the line end that follows the closing word; a heredoc that nothing closes takes the rest. */
function heredocEnd(text: string, start: number, opening: string): number {
  const word = opening.replace(/^<<-?/, '').trim();
  const closing = new RegExp(`^[ \\t]*${word}[ \\t]*\\r?$`, 'mu');
  const found = closing.exec(text.slice(start));
  return found ? start + found.index + found[0].replace(/\r$/, '').length : text.length;
}

/** The text of a heredoc; unknown where a template stands in it. */
export function heredocText(heredoc: string): string | typeof UNKNOWN {
  if (/(?<!\$)\$\{|(?<!%)%\{/.test(heredoc)) return UNKNOWN;
  const [opening = '', ...rest] = heredoc.split(/\r?\n/);
  const lines = rest.slice(0, -1);
  const indents = lines
    .filter((line) => line.trim())
    .map((line) => /^[ \t]*/.exec(line)![0].length);
  const cut = opening.startsWith('<<-') ? Math.min(...indents, Number.MAX_SAFE_INTEGER) : 0;
  const text = lines.map((line) => `${line.slice(cut)}\n`).join('');
  return text.replaceAll('$${', '${').replaceAll('%%{', '%{');
}
