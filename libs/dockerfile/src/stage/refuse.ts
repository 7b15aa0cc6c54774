import { isIP } from 'node:net';
import { posix } from 'node:path';
import { FlagProblem } from '../instruction/flags';
import type { Copy } from '../instruction/instruction';
import type { Mount } from '../instruction/mount';
import { SyntaxProblem } from '../syntax/words';
import type { RuleSet } from '../rules';
import { remoteSource } from './remote';

/**
 * Refuses a value that BuildKit refuses once its variables are substituted, with BuildKit's message.
 *
 * @param value `undefined` where it is not known before the build: then nothing is refused
 * @throws SyntaxProblem
 */
export function refuseWord(keyword: string, value: string | undefined): void {
  if (value === undefined) return;
  if (keyword === 'VOLUME' && value === '')
    throw new SyntaxProblem('VOLUME specified can not be an empty string');
  if (keyword === 'STOPSIGNAL' && !isSignal(value))
    throw new SyntaxProblem(`invalid signal: ${value}`);
}

/**
 * Refuses ports as `refuseWord` does.
 *
 * @param words the ports that a word holds once its variables are substituted
 */
export function refusePorts(words: readonly string[] | undefined, rules: RuleSet): void {
  words?.forEach((word) => refusePort(word, rules));
}

/** `[address:][port:]port[/protocol]`, each port a number or a range. */
function refusePort(written: string, rules: RuleSet): void {
  const [specification = '', ...rest] = written.split('/');
  // Up to 0.13 what stands behind a second slash does not count.
  const protocol = rules >= 34 ? rest.join('/') : (rest[0] ?? '');
  const [port = '', hostPort = '', ...address] = specification.split(':').reverse();
  if (port === '') throw new SyntaxProblem(`No port specified: ${written}<empty>`);
  if (!isPortRange(port)) throw new SyntaxProblem(`Invalid containerPort: ${port}`);
  if (hostPort !== '' && !isPortRange(hostPort))
    throw new SyntaxProblem(`Invalid hostPort: ${hostPort}`);
  const host = address.reverse().join(':');
  if (host !== '' && isIP(host.replace(/^\[(.*)\]$/, '$1')) === 0)
    throw new SyntaxProblem(`Invalid ip address: ${host}`);
  if (hostPort !== '' && hostPort.includes('-') && portCount(port) !== portCount(hostPort))
    throw new SyntaxProblem(
      `Invalid ranges specified for container and host Ports: ${port} and ${hostPort}`,
    );
  if (!['', 'tcp', 'udp', 'sctp'].includes(protocol.toLowerCase()))
    throw new SyntaxProblem(`Invalid proto: ${protocol}`);
}

function isPortRange(text: string): boolean {
  const [, first = '', last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  return first !== '' && Number(first) <= Number(last) && Number(last) <= 65_535;
}

function portCount(range: string): number {
  const [first = 0, last = first] = range.split('-').map(Number);
  return last - first;
}

const signals = new Set(
  'ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX'.split(
    ' ',
  ),
);

function isSignal(text: string): boolean {
  if (/^[+-]?\d+$/.test(text)) return Number(text) !== 0;
  const name = text.toUpperCase().replace(/^SIG/, '');
  return signals.has(name) || /^RT(?:MIN\+(?:[1-9]|1[0-5])|MAX-(?:[1-9]|1[0-4]))$/.test(name);
}

const digestLengths: Record<string, number> = { sha256: 64, sha384: 96, sha512: 128 };

/** @throws SyntaxProblem for a COPY of what only ADD fetches */
export function refuseRemote(sources: readonly string[], rules: RuleSet): void {
  for (const source of sources) {
    const remote = remoteSource(source, undefined, rules);
    // What names GitHub without a protocol may be a path.
    if (!remote || source.startsWith('github.com/')) continue;
    throw new SyntaxProblem(
      `source can't be a ${remote.kind === 'git' ? 'git ref' : 'URL'} for COPY`,
    );
  }
}

/** @throws FlagProblem for an `ADD --checksum` that does not fit what is added */
export function refuseChecksum(
  copy: Copy,
  sources: string[],
  checksum: string | undefined,
  rules: RuleSet,
): void {
  if (!checksum) return;
  if (copy.sources.length > 1)
    throw new FlagProblem("checksum can't be specified for multiple sources");
  for (const source of sources) {
    const remote = remoteSource(source, checksum, rules);
    if (!remote) throw new FlagProblem("checksum can't be specified for non-HTTP sources");
    // That of a git repository is a commit.
    if (remote.kind === 'git' && rules >= 34) continue;
    if (remote.kind === 'git')
      throw new FlagProblem("checksum can't be specified for non-HTTP sources");
    const [, algorithm = '', hex = ''] = /^([a-z0-9+._-]+):([0-9a-f]+)$/.exec(checksum) ?? [];
    if (algorithm === '') throw new FlagProblem('invalid checksum digest format');
    const length = digestLengths[algorithm];
    if (length === undefined) throw new FlagProblem('unsupported digest algorithm');
    if (hex.length !== length) throw new FlagProblem('invalid checksum digest length');
  }
}

/** @throws FlagProblem for a --chmod that is neither octal nor, in later versions, as chmod takes it */
export function refuseMode(mode: string | undefined, rules: RuleSet): void {
  if (!mode || rules < 34) return;
  const isOctal = /^[0-7]+$/.test(mode) && parseInt(mode, 8) <= 0o7777;
  const part = /^(?:[ugoa]*(?:[-+=](?:[ugo]|[rwxXst]*))+)$/;
  if (isOctal || (!/^[+-]?\d/.test(mode) && mode.split(',').every((each) => part.test(each))))
    return;
  throw new FlagProblem(
    `invalid chmod parameter: '${mode}'. it should be octal string and between 0 and 07777`,
  );
}

/**
 * @param cwd the working directory; `undefined` when it is the base image's own
 * @throws FlagProblem for a mount in the place of the whole file system
 */
export function refuseTarget({ type, target = '' }: Mount, cwd: string | undefined): void {
  if (type === 'secret' || type === 'ssh' || (cwd === undefined && !target.startsWith('/'))) return;
  // An absolute one is compared as written.
  const place = target.startsWith('/') ? target : posix.join('/', cwd ?? '', target);
  if (place === '/') throw new FlagProblem('invalid mount target "/"');
}
