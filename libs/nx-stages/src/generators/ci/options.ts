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
  /** Built each on a machine of its kind, the first of which runs all the targets. Default: amd64. */
  platforms?: Machine[];
  /** What is pushed is signed as the job that pushes it. */
  sign?: boolean;
  /** Run after the targets, and what they say kept: `docker-audit`. */
  checkTargets?: string[];
  /** On how many machines the targets run side by side; `auto`: as many as shorten the run. */
  shards?: number | 'auto';
  /** That the jobs run in, by its digest: `node:24-trixie@sha256:…`. Default: by the version of Node. */
  nodeImage?: string;
}

/** What builds one platform. */
export interface Machine {
  platform: 'linux/amd64' | 'linux/arm64';
  /** By what the platform of CI finds it: a label of GitHub, a tag of GitLab. */
  runner?: string;
}

/** Where machines leave what they have pushed for the one that joins it. @see docker-push --parts */
export const PARTS = 'dist/docker-pushed';

/** Where a first job leaves the plan for the shards, and they what they did for the last one. */
export const SHARDS = {
  tasks: 'dist/ci/tasks.json',
  plan: 'dist/ci/shards.json',
  times: 'dist/ci/times.json',
  records: 'dist/ci/shards',
};

/** Pages of what was built. */
export const REPORTS = 'dist/**/docker/report.html';

/** What is installed, and nothing else: whoever takes that name in a registry is not run. */
const SHARDS_BIN = 'npx --no -- excel2doc-shards';

/** What the checks said, in the words that the job showed. */
export const CHECKS = 'dist/ci/checks.txt';

export const machinesOf = ({ platforms }: CiOptions): readonly Machine[] =>
  platforms?.length ? platforms : [{ platform: 'linux/amd64' }];

/** `amd64` */
export const archOf = ({ platform }: Machine): string => platform.slice('linux/'.length);

/**
 * What a machine beyond the first runs: what only a machine of its kind can make. Lint and tests of one
 * are those of the other.
 */
export function imageTargets({ targets }: CiOptions): string[] {
  const own = targets.filter((target) => target.startsWith('docker-'));
  return own.length > 0 ? own : ['docker-build'];
}

/** Gives the parts of all machines their names, and signs what they name. Nothing is built for it. */
export function joinCommand(options: CiOptions, target: string): string {
  const platforms = machinesOf(options).map(({ platform }) => platform);
  const sign = options.sign ? ' --sign=keyless' : '';
  return `npx nx run-many -t ${target} --excludeTaskDependencies --parts=join --platforms=${platforms.join(',')}${sign}`;
}

/** Runs the checks, shows what they say and keeps it; it fails where one of them does. */
export function checkCommand(command: 'affected' | 'run-many', checks: readonly string[]): string {
  return `set -o pipefail && mkdir -p dist/ci && npx nx ${command} -t ${checks.join(' ')} --outputStyle=stream 2>&1 | tee ${CHECKS}`;
}

/** `nx affected -t …`, behind the cache's edge where there is a cache. */
export function nxCommand(options: CiOptions, command: string, targets: string[]): string {
  const edge = options.cache ? 'npx --no -- excel2doc-cache edge -- ' : '';
  return `${edge}npx nx ${command} -t ${targets.join(' ')}`;
}

/** The tasks of a run, written down instead of run. */
export function tasksCommand(command: 'affected' | 'run-many', { targets }: CiOptions): string {
  return `npx nx ${command} -t ${targets.join(' ')} --graph=${SHARDS.tasks}`;
}

/** Which shard runs which tasks; `most` where CI has no more machines than that. */
export function planCommand({ shards = 'auto' }: CiOptions, most?: number): string {
  const limit = most === undefined ? '' : ` --most=${most}`;
  return `${SHARDS_BIN} plan --tasks=${SHARDS.tasks} --shards=${shards}${limit}`;
}

/** What one shard does, behind the cache's edge: all that it makes is to reach the others through it. */
export function shardCommand(shard: string): string {
  return `npx --no -- excel2doc-cache edge --flush-ms=120000 -- ${SHARDS_BIN} run --shard="${shard}"`;
}

export const JOIN_SHARDS = `${SHARDS_BIN} join`;

/** Ends red where what was pushed is not what the shards made. */
export const CHECK_PUSHED = `${SHARDS_BIN} check-pushed`;

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
