import { EngineError, type EngineErrorCode } from './error';

interface Cause {
  code: EngineErrorCode;
  pattern: RegExp;
  /** Both get the pattern's groups. */
  message: (groups: Record<string, string | undefined>) => string;
  hint: (groups: Record<string, string | undefined>) => string;
}

/** What a failed client says, and what it means; the first that matches counts. */
const CAUSES: Cause[] = [
  {
    code: 'DISK_FULL',
    pattern: /no space left on device|disk quota exceeded/i,
    message: () => 'The disk is full',
    hint: () =>
      'Free some space (`docker system df` shows what the engine keeps), then run it again',
  },
  {
    code: 'DAEMON_GONE',
    pattern:
      /Cannot connect to the Docker daemon|Is the docker daemon running|error during connect|error reading from server: EOF|code = Unavailable desc = (?!connection error: desc = "transport: Error while dialing: dial tcp)/i,
    message: () => 'The container engine stopped answering',
    hint: () => 'Start it again, then run this again',
  },
  {
    code: 'NO_BUILDER',
    pattern: /^ERROR: no builder "(?<name>[^"]+)" found$/m,
    message: ({ name }) => `There is no builder ${name}`,
    hint: ({ name }) =>
      `Make it (\`docker buildx create --name ${name} --driver …\`), or take it out of the option builders`,
  },
  {
    code: 'PORT_TAKEN',
    pattern:
      /(?:Bind for|listen tcp[46]?|exposing port TCP|bind host port(?: for)?|bind for) \S*?:(?<port>\d+)\S*(?: ->\S*)?.*?(?:already allocated|already in use|port is not available|bind:|not available)/i,
    message: ({ port }) => `Port ${port} is taken by another program or container`,
    hint: ({ port }) =>
      `Stop what listens on ${port} (\`docker ps --filter publish=${port}\`, \`ss -ltnp\`), or publish another port`,
  },
  {
    code: 'DOCKERFILE_INVALID',
    pattern: /dockerfile parse error(?: on line (?<line>\d+))?: (?<reason>.+)/i,
    message: ({ line, reason }) => `The Dockerfile has an error${at(line)}: ${reason}`,
    hint: ({ line }) => `Correct it${at(line)}`,
  },
  {
    code: 'PACKAGE_NOT_FOUND',
    pattern:
      /(?:No matching distribution found for|Unable to locate package|no version of|was not found in the package registry: ) ?(?<name>[\w.[\]=<>!~-]+)/,
    message: ({ name }) => `There is no package ${name}`,
    hint: () => 'Correct its name or version where it is required, then build again',
  },
  {
    code: 'DNS_FAILURE',
    pattern:
      /(?:lookup (?<host>[\w.-]+)(?: on \S+)?: (?:no such host|server misbehaving|Temporary failure|i\/o timeout))|Could not resolve(?: host)?:? '?(?<host2>[\w.-]+)|Temporary failure resolving '(?<host3>[^']+)'|Failed to resolve '(?<host4>[^']+)'|Temporary failure in name resolution/i,
    message: ({ host, host2, host3, host4 }) =>
      `The name ${host ?? host2 ?? host3 ?? host4 ?? 'of a server'} cannot be resolved (DNS)`,
    hint: () => 'Check the network, the proxy and the resolver (/etc/resolv.conf)',
  },
  {
    // The containerd store renames by a removal and a creation, which two callers can interleave.
    code: 'IMAGE_BUSY',
    pattern:
      /image "(?<image>[^"]+)": already exists|creating image (?<named>\S+) failed because it already exists, but accessing it also failed/,
    message: ({ image, named }) => `Another process names ${image ?? named} at this moment`,
    hint: () => 'Run it again',
  },
  {
    code: 'IMAGE_NOT_FOUND',
    pattern:
      /(?:failed to resolve source metadata for |pull access denied for |manifest for |No such image: |Unable to find image '|Error: (?=\S+: image not known))(?<image>[\w./:@-]+?)'?(?:[,:]? .*)?(?:not found|does not exist|manifest unknown|No such image|image not known|denied|$)/im,
    message: ({ image }) => `There is no image ${image}`,
    hint: () => 'Check its name and tag; behind a mirror, check NX_STAGES_REGISTRY_MIRROR',
  },
  {
    code: 'REGISTRY_UNREACHABLE',
    pattern:
      /(?:failed to [^\n]*?)?https?:\/\/(?<registry>[^/\s"]+)\/v2\/|failed to (?:do request|authorize|fetch \w+ token|resolve source metadata)/i,
    message: ({ registry }) => `The registry ${registry ?? ''} does not answer`.replace('  ', ' '),
    hint: () => 'Check the network, or set NX_STAGES_REGISTRY_MIRROR to a registry that answers',
  },
  {
    code: 'LAYERS_MISSING',
    pattern:
      /(?:content digest \S+|blobs\/sha256\/\w+).*(?:not found|no such file)|layer does not exist|unable to find .* in content store/i,
    message: () => 'The engine lacks a layer that this image builds on',
    hint: () => 'Load the whole image',
  },
];

/** What the output of a step may tell of a failure; of anything else it is not the client that speaks. */
const OF_STEPS: ReadonlySet<EngineErrorCode> = new Set([
  'DISK_FULL',
  'PACKAGE_NOT_FOUND',
  'DNS_FAILURE',
]);
const STEP_FAILED = /^ERROR: .*did not complete successfully/;

const NO_CONNECTION =
  /connection broken by|Failed to establish a new connection|Max retries exceeded|Read timed out|Connection (?:refused|reset|timed out)|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN/i;

function at(line: string | undefined): string {
  return line ? ` in line ${line}` : '';
}

/** A step's own output is long, and says much that did no harm; the cause stands near its end. */
const LINES_THAT_COUNT = 60;
const LINES_TO_SHOW = 8;

/**
 * The error for a client that failed: named by its cause where that is known, else with the last
 * lines that it wrote. All of `stderr` stays on the error.
 */
export function failureOf(
  what: string,
  result: { exitCode: number | undefined; stderr: string },
): EngineError {
  const lines = result.stderr.split(/\r?\n/).map((line) => line.trimEnd());
  const tail = lines.slice(-LINES_THAT_COUNT).join('\n');
  const { stderr } = result;
  // A registry that cannot be asked comes as an image that cannot be resolved; an index, as one that
  // does not have the package.
  const own = ownLines(lines).slice(-LINES_THAT_COUNT).join('\n');
  const untold = new Set<EngineErrorCode>([
    ...(isTransport(own) ? (['IMAGE_NOT_FOUND'] as const) : []),
    ...(NO_CONNECTION.test(tail) ? (['PACKAGE_NOT_FOUND'] as const) : []),
  ]);
  const last = lines.findLast((line) => line.startsWith('ERROR: ')) ?? '';
  const isOfStep = STEP_FAILED.test(last);
  for (const cause of CAUSES) {
    if (untold.has(cause.code) || (isOfStep && !OF_STEPS.has(cause.code))) continue;
    const match = cause.pattern.exec(OF_STEPS.has(cause.code) ? tail : own);
    if (!match) continue;
    const groups = match.groups ?? {};
    return new EngineError(cause.code, {
      message: cause.message(groups),
      hint: cause.hint(groups),
      stderr,
    });
  }
  const step = failedStep(lines);
  if (step) {
    return new EngineError('BUILD_FAILED', { message: step, hint: 'Correct that step', stderr });
  }
  const said = lines.filter((line) => line.trim() !== '').slice(-LINES_TO_SHOW);
  return new EngineError('COMMAND_FAILED', {
    message: [`${what} failed (exit status ${result.exitCode ?? 'unknown'})`, ...said].join('\n'),
    hint: 'The last lines above name the cause',
    stderr,
  });
}

/** What is told of a step, be it its name or its output; `#7 ERROR: …` is what BuildKit says of it. */
const OF_STEP = /^#\d+ (?!ERROR: )/;
/** A line of the Dockerfile, as it is shown around one that failed. */
const SOURCE = /^ *\d+ \| /;

/** The lines, those empty that a step or a Dockerfile says: also in what is repeated between dashes. */
function ownLines(lines: readonly string[]): string[] {
  let isQuoted = false;
  return lines.map((line, index) => {
    if (/^-{6}$/.test(line)) isQuoted = !isQuoted && /^ > /.test(lines[index + 1] ?? '');
    return isQuoted || OF_STEP.test(line) || SOURCE.test(line) ? '' : line;
  });
}

/**
 * What BuildKit says of the step that failed, less the log of all others: between two lines of
 * dashes it names the step and repeats the end of its output, then comes its place in the Dockerfile.
 */
function failedStep(lines: string[]): string | undefined {
  const start = lines.findLastIndex((line) => /^ > \[.*\] /.test(line));
  if (start < 0) return undefined;
  const end = lines.findIndex((line, index) => index > start && /^-{6}$/.test(line));
  const output = lines.slice(start + 1, end < 0 ? undefined : end).filter(Boolean);
  const place = lines.slice(end < 0 ? start : end).find((line) => /:\d+$/.test(line));
  const name = lines[start]?.replace(/^ > \[[^\]]*\] (.*?):?$/, '$1');
  const status = /exit code: (\d+)/.exec(lines.slice(start).join('\n'))?.[1];
  const reason = status ? `exit status ${status}` : lines.findLast((line) => /^ERROR: /.test(line));
  return [
    `${place ? `${place}: ` : ''}${name} failed (${reason})`,
    ...output.slice(-LINES_TO_SHOW),
  ].join('\n');
}

function isTransport(text: string): boolean {
  return /dial tcp|connection refused|i\/o timeout|deadline exceeded|TLS handshake|x509|proxyconnect|unexpected status.*(?:40[137]|5\d\d)/i.test(
    text,
  );
}
