/** What a CI file is made from; the same for every platform. */
export interface CiOptions {
  /** The branch whose images are pushed. */
  branch: string;
  /** Run for every project that a change affects, e.g. `lint`, `test`, `docker-build`. */
  targets: string[];
  /** Run on the branch once all the others have passed; nothing is pushed without it. */
  pushTarget?: string;
  /** When images are made fresh, proposed as a change of the lock: a cron line, in UTC. */
  fresh?: string;
  /** Run after the targets whatever came of them, and its pages kept: `docker-report`. */
  reportTarget?: string;
  /** What the platform's set-up of Node takes, e.g. `20`. */
  nodeVersion: string;
  /** Results are shared through a cache server, behind its edge. */
  cache?: {
    /** The server, e.g. `https://cache.example.org`. Default: the setting EXCEL2DOC_CACHE_UPSTREAM of the repository. */
    upstream?: string;
    /** Of the identity tokens, as the server's configuration has it. */
    audience: string;
  };
  /** Commands between `npm ci` and the targets, one a line. */
  setup?: string[];
}

/** `nx affected -t …`, behind the cache's edge where there is a cache. */
export function nxCommand(options: CiOptions, command: string, targets: string[]): string {
  const edge = options.cache ? 'npx excel2doc-cache edge -- ' : '';
  return `${edge}npx nx ${command} -t ${targets.join(' ')}`;
}

/** A YAML scalar that means exactly this text; plain where YAML reads plain text as text. */
export function scalar(text: string): string {
  const isPlain = /^[a-z]([\w ./=@-]*\w)?$/i.test(text);
  return isPlain && !/^(true|false|y|yes|n|no|on|off|null)$/i.test(text)
    ? text
    : `'${text.replaceAll("'", "''")}'`;
}

/** Lines at the indentation of a block; what is left out by a condition leaves no empty line. */
export function block(indent: number, lines: (string | false | undefined)[]): string {
  return lines
    .filter((line) => line !== false && line !== undefined)
    .flatMap((line) => line.split('\n'))
    .map((line) => (line === '' ? '' : ' '.repeat(indent) + line))
    .join('\n');
}
