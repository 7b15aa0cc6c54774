/** What a requirements file says, and the files that it includes, as it names them. */
export interface Requirements {
  /** Files of the same meaning have the same text. */
  meaning: string;
  includes: string[];
}

/**
 * Reads a requirements file by meaning: comments, blank lines, continuation, spacing and the order
 * of hashes don't count. The order of requirements counts unless all are pinned with `==`, since
 * pip's resolver prefers what it was asked for first; the order of options always does.
 *
 * @returns `undefined` for a file that leads pip to other files of the context than by `-r` and `-c`
 * @see https://pip.pypa.io/en/stable/reference/requirements-file-format/
 */
export function readRequirements(content: string): Requirements | undefined {
  const requirements: string[] = [];
  const options: string[] = [];
  const includes: string[] = [];
  for (const line of logicalLines(content)) {
    const included = /^(-r|-c|--requirement|--constraint)(?:=|\s+|(?=[^-\s]))\s*(.+)$/.exec(line);
    if (included) {
      includes.push(included[2]!);
      options.push(`${included[1]} ${included[2]}`);
    } else if (line.startsWith('-')) {
      if (/^(?:-e|--editable|-f|--find-links)/.test(line)) return undefined;
      options.push(squeeze(line));
    } else if (isLocal(line)) return undefined;
    else requirements.push(normalRequirement(line));
  }
  if (requirements.every(isPinned)) requirements.sort();
  return { meaning: [...options, ...requirements].join('\n'), includes };
}

// As pip joins and strips them: a comment ends a continued line.
function logicalLines(content: string): string[] {
  const lines: string[] = [];
  let open = '';
  for (const line of content.replace(/^\ufeff/, '').split(/\r\n|\r|\n/)) {
    const isComment = line.trimStart().startsWith('#');
    if (line.endsWith('\\') && !isComment) {
      open += line.replace(/\\+$/, '');
      continue;
    }
    lines.push(isComment ? open : open + line);
    open = '';
  }
  return [...lines, open].map((line) => withoutComment(line).trim()).filter((line) => line !== '');
}

// The pattern tries every blank of a line, and most lines are long lists of hashes.
function withoutComment(line: string): string {
  return line.includes('#') ? line.replace(/(^|\s+)#.*$/, '') : line;
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, ' ');
}

function isLocal(line: string): boolean {
  const [specifier = ''] = line.split(/\s+(?:;|--)/);
  if (/(?:^|@\s*)file:/.test(specifier)) return true;
  return (
    !/^[^@\s]+\s*@|^[a-z+]+:\/\//i.test(specifier) && /[\\/]|\.(?:whl|zip|tgz|tar)/.test(specifier)
  );
}

function isPinned(requirement: string): boolean {
  return /^[a-z0-9.[\],-]+===?[^*,;\s]+(?:[;\s]|$)/i.test(requirement);
}

/** PEP 503 for the name; any of the hashes will do, so their order says nothing. */
function normalRequirement(line: string): string {
  const [requirement = '', ...options] = squeeze(line).split(/ (?=--)/);
  const hashes = options
    .map((option) => (/^--[\w-]+ /.test(option) ? option.replace(' ', '=') : option))
    .sort();
  const named = requirement.replace(/^[A-Za-z0-9][A-Za-z0-9._-]*/, (name) =>
    name.toLowerCase().replace(/[-_.]+/g, '-'),
  );
  const marker = named.indexOf(';');
  const specifier = marker < 0 ? named : named.slice(0, marker);
  const tight = specifier.includes('@') ? specifier.trim() : specifier.replace(/ /g, '');
  return [tight + (marker < 0 ? '' : `;${named.slice(marker + 1).trim()}`), ...hashes].join(' ');
}
