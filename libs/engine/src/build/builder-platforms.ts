/** What a builder says that it builds for: both as `linux/arm64`, in its own order. */
export interface BuilderPlatforms {
  /** What its machines run themselves as far as can be told, or are named for (`docker buildx create --platform`). */
  native: readonly string[];
  /** What is emulated there, as far as can be told. */
  emulated: readonly string[];
}

/** How a builder runs the steps of a platform: ten times slower where it emulates it. */
export type Reach = 'native' | 'emulated' | 'none';

/** What a machine of one kind runs beside its own programs. */
const THIRTY_TWO_BIT: Readonly<Record<string, string>> = { amd64: '386', arm64: 'arm' };

/** As buildx writes it, `*` behind those that a machine is named for. */
const PLATFORM = /^([a-z0-9_.-]+(?:\/[a-z0-9_.-]+)+)(\*?)$/;

/**
 * What `docker buildx inspect` tells of a builder.
 *
 * @returns undefined where a machine of it does not say: it does not answer, or has yet to be started
 */
export function builderPlatforms(inspection: string): BuilderPlatforms | undefined {
  const [, nodes] = inspection.split(/^Nodes:$/m);
  const machines = nodes?.split(/^(?=Name:)/m).filter((text) => text.trim() !== '') ?? [];
  const all: BuilderPlatforms[] = [];
  for (const machine of machines) {
    const listed = /^Platforms:[ \t]*(\S.*)$/m.exec(machine)?.[1]?.trim().split(/,\s*/) ?? [];
    const found = listed.map((each) => PLATFORM.exec(each));
    if (found.length === 0 || found.includes(null)) return undefined;
    all.push(ofMachine(found as RegExpExecArray[]));
  }
  if (all.length === 0) return undefined;
  const native = [...new Set(all.flatMap((each) => each.native))];
  const emulated = new Set(all.flatMap((each) => each.emulated));
  return { native, emulated: [...emulated].filter((each) => !native.includes(each)) };
}

/**
 * The first that it lists is its own, unless BuildKit was told others (`--oci-worker-platform`), which come
 * before it. What comes with its 32 bits may be its own as well, where the first does not.
 */
function ofMachine(listed: RegExpExecArray[]): BuilderPlatforms {
  const kinds = new Set(listed.map(([, platform = '']) => kindOf(platform)));
  const hasBoth = (kind: string) => kinds.has(thirtyTwoBit(kind) ?? '');
  const [first = '', ...others] = kinds;
  const may = [first, ...(hasBoth(first) ? [] : others.filter(hasBoth))];
  const own = new Set(may.flatMap((kind) => [kind, thirtyTwoBit(kind)]));
  const native: string[] = [];
  const emulated: string[] = [];
  for (const [, platform = '', named] of listed)
    (named || own.has(kindOf(platform)) ? native : emulated).push(platform);
  return { native, emulated };
}

/** Variants are not told apart: who runs `linux/arm/v7` is not refused `linux/arm/v5`. */
export function reachOf({ native, emulated }: BuilderPlatforms, platform: string): Reach {
  const kind = kindOf(platform);
  if (native.some((each) => kindOf(each) === kind)) return 'native';
  return emulated.some((each) => kindOf(each) === kind) ? 'emulated' : 'none';
}

const kindOf = (platform: string) => platform.split('/').slice(0, 2).join('/');

/** `linux/386` of `linux/amd64` */
function thirtyTwoBit(kind: string): string | undefined {
  const [system, architecture = ''] = kind.split('/');
  const other = THIRTY_TWO_BIT[architecture];
  return other && `${system}/${other}`;
}
