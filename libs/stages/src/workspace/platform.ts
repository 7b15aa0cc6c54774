import { machinePlatform, normalPlatform } from '@excel2doc/dockerfile';
import { StagesError } from './fault';

/**
 * The platform that this machine's engine runs natively: Docker Desktop runs Linux of the same kind.
 *
 * @throws StagesError `OPTION_REFUSED` where NX_STAGES_PLATFORM names none
 */
export function enginePlatform(): string {
  const given = process.env['NX_STAGES_PLATFORM'];
  if (!given) return machinePlatform();
  const fault = platformFault(given);
  if (fault !== undefined) throw refused(`NX_STAGES_PLATFORM: ${fault}`);
  return normalPlatform(given);
}

/**
 * Platforms that somebody wants, in the normal form in which keys, plans and folders name them, each once,
 * as buildx takes them.
 *
 * @throws StagesError `OPTION_REFUSED` for one that does not exist, and for none
 */
export function wantedPlatforms(given: readonly string[]): string[] {
  const fault = platformsFault(given);
  if (fault !== undefined) throw refused(`platforms: ${fault}`);
  return [...new Set(given.map(normalPlatform))];
}

function refused(message: string): StagesError {
  return new StagesError('OPTION_REFUSED', {
    message,
    hint: 'Write platforms as linux/amd64 or linux/arm64',
  });
}

/** What is wrong with the platforms that somebody wants, if anything is. */
export function platformsFault(given: readonly string[]): string | undefined {
  if (given.length === 0) return 'none is named';
  return given.map(platformFault).find((fault) => fault !== undefined);
}

/**
 * What is wrong with the platform that somebody names builders for, if anything is: they are looked up by
 * its normal form, so that those of another would never be asked.
 */
export function builderKeyFault(platform: string): string | undefined {
  if (platform === '*') return undefined;
  const fault = platformFault(platform);
  if (fault !== undefined) return fault;
  const normal = normalPlatform(platform);
  return normal === platform ? undefined : `"${platform}" is written "${normal}"`;
}

/** Of what else containerd takes any variant: nobody lists those. */
const VARIANTS: Readonly<Record<string, RegExp>> = {
  '386': /^$/,
  amd64: /^(?:v[1-4])?$/,
  arm: /^v[5-8]$/,
  arm64: /^(?:v[89](?:\.\d)?)?$/,
};

/**
 * What containerd does not read is no platform, and nor is what it reads and nobody has: it takes any
 * word for an architecture where an operating system stands before it. Docker runs wasi/wasm, which
 * containerd has in no list; wasi/wasm32 is its older name.
 *
 * @see https://github.com/containerd/platforms platforms.go (Parse), database.go (isKnownOS, isKnownArch,
 *   normalizeArch)
 */
function platformFault(platform: string): string | undefined {
  const unknown = `there is no platform "${platform}"`;
  try {
    const [os = '', architecture = '', variant = ''] = normalPlatform(platform).split('/');
    if (os === 'wasi') return /^wasm(?:32)?$/.test(architecture) ? undefined : unknown;
    const isOne = isSystem(os) && !isSystem(architecture);
    if (isOne && (VARIANTS[architecture] ?? /^/).test(variant)) return undefined;
  } catch {
    // Said below.
  }
  return unknown;
}

/** Of a word that is an operating system's or an architecture's. @throws where it is neither's */
const isSystem = (word: string) => normalPlatform(word).startsWith(`${word}/`);
