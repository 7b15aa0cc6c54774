import { type Row as ImagesRow, median } from '../table';
import { BAKE, FROM_REGISTRY, MOUNTS, type OursName, PLAIN } from './ways';

export const FIRST = 'first build';
export const SAME = 'one package added, same machine';
export const FRESH = 'one package added, fresh runner';

/** What kept mounts are added to. */
const WITHOUT: OursName = 'ours, a layer a package';

/** A row of a language, a scenario and a way; `workload` is the language. */
export interface Row extends Omit<ImagesRow, 'bytes'> {
  /** Medians of what a round moved. */
  moved: Moved;
}

export interface Moved {
  /** From the mirror of packages. */
  packages: number;
  downloadedBytes: number;
  /** Only ours says; buildx builds in the engine. */
  engineBytes?: number | undefined;
  /** To the remote cache, or to the registry as a cache of builds. */
  storedBytes?: number | undefined;
  /** To a registry that has the image of before. */
  pushedBytes?: number | undefined;
}

export interface Report {
  machine: string;
  rows: Row[];
}

/** @param each of a row's rounds */
export function movedOf(each: readonly Moved[]): Moved {
  const middle = (name: keyof Moved) => {
    const values = each.flatMap((moved) => moved[name] ?? []);
    return values.length === 0 ? undefined : Math.round(median(values));
  };
  return {
    packages: middle('packages') ?? 0,
    downloadedBytes: middle('downloadedBytes') ?? 0,
    engineBytes: middle('engineBytes'),
    storedBytes: middle('storedBytes'),
    pushedBytes: middle('pushedBytes'),
  };
}

interface Goal {
  text: string;
  measured: string;
  isMet: boolean;
}

const wallOf = (row: Row) => median(row.rounds.map(({ wallMs }) => wallMs));

/** What was promised of each language, and what its rows show. */
export function goalsOf(rows: readonly Row[]): Goal[] {
  return [...new Set(rows.map(({ workload }) => workload))].flatMap((language) => {
    const own = rows.filter(({ workload }) => workload === language);
    const find = (scenario: string, way: string) =>
      own.find((row) => row.scenario === scenario && row.way === way);
    const ours = (scenario: string) =>
      own.filter((row) => row.scenario === scenario && row.way.startsWith('ours'));
    // Its layers are in the engine by the way before it.
    const oursAlone = ours(SAME).filter(({ way }) => way !== MOUNTS);
    return [
      ratioGoal(`${language}, ${FIRST}, the default to buildx cold, at most 1.0`, 1, [find(FIRST, 'ours')], [find(FIRST, PLAIN)]), // prettier-ignore
      ratioGoal(`${language}, ${SAME}, the quickest of ours without kept mounts to the quickest peer, at most 0.9`, 0.9, oursAlone, [find(SAME, PLAIN), find(SAME, BAKE)]), // prettier-ignore
      ratioGoal(`${language}, ${FRESH}, the quickest of ours to a cold buildx with --cache-from, at most 0.25`, 0.25, ours(FRESH), [find(FRESH, FROM_REGISTRY)]), // prettier-ignore
      ...movedGoals(language, find(FRESH, MOUNTS), find(SAME, WITHOUT)),
    ].filter((goal) => goal !== undefined);
  });
}

function ratioGoal(
  text: string,
  most: number,
  mine: readonly (Row | undefined)[],
  theirs: readonly (Row | undefined)[],
): Goal | undefined {
  const [own, other] = [mine, theirs].map((rows) =>
    Math.min(...rows.flatMap((row) => (row ? [wallOf(row)] : []))),
  ) as [number, number];
  if (!Number.isFinite(own) || !Number.isFinite(other)) return undefined;
  const ratio = own / other;
  return { text, measured: ratio.toFixed(2), isMet: ratio <= most };
}

/** @param same on an engine that has the image of before, whose layers a new runner's has not */
function movedGoals(language: string, fresh: Row | undefined, same: Row | undefined): Goal[] {
  if (!fresh || !same) return [];
  const { packages, storedBytes, pushedBytes } = fresh.moved;
  const sizes = [same.moved.engineBytes, storedBytes, pushedBytes];
  return [
    {
      text: `${language}, ${FRESH}, ${MOUNTS}: packages downloaded, 1 (the tool counted)`,
      measured: String(packages),
      isMet: packages <= 1,
    },
    {
      text: `${language}, one package added, by packages: to the engine of before, the remote cache and the registry, at most 1 MB each`,
      measured: sizes.map((size) => sizeText(size) || 'unknown').join(', '),
      isMet: sizes.every((size) => size !== undefined && size <= 1e6),
    },
  ];
}

/** A Markdown page: ratios, as bare times say more of the machine than of the code. */
export function page({ machine, rows }: Report): string {
  return `# One dependency more

Made by \`npx nx run bench:dependencies\` on ${machine}. Real packages of each language, served by a mirror on the same machine, so that a download costs next to nothing here. Wall and CPU time are medians as ratios to \`${PLAIN}\` in the same scenario (with \`--cache-from\` a registry on the fresh runner); the ways take turns, in one run, and each round begins with another one. Each has steps and cache mounts of its own: a file that no other way has is copied into each base image first. Ours is the packed plugin in a workspace as a user has it, start of Nx included, without Nx's daemon. The engine is one that nobody else uses; CPU time includes its.

Not alike: ours has the base images as layouts on disk too, buildx in the engine alone. buildx reaches the registry of its cache through two processes that pass on bytes, as its engine is in a network of its own, and one of them is the benchmark's; ours asks its remote cache directly. On the same machine the ways of ours share the engine's layers and one folder of caches, as those of one user do: kept mounts come last in each round there and find layers that a way before them has just sent, so they count for no goal and say nothing of bytes to the engine.

- **${FIRST}**: nothing is built, but the base images are in the engine. One round, in the order of the table, after a build by buildx that is not measured, and forgotten.
- **${SAME}**: all of before is there, cache mounts too.
- **${FRESH}**: the engine has the base images and nothing else, the workspace nothing of any build; what the build before stored is in the remote cache, or in a registry by \`--cache-to type=registry,mode=max\`, which is not in buildx's time. In ours storing is.

Packages are those that the mirror gave, each once. The tool itself is one of them for pip, uv and pnpm, which the Dockerfile installs before the packages: buildx has that step in its cache, and ours, which keeps of a stage that is only copied from what is copied, carries it out again on a fresh runner.

Bytes: *downloaded* from the mirror; *engine* is what the client sends to it (buildx builds in it); *stored* in the remote cache, or as cache in the registry; *pushed* to a registry that has the image of before. All are compressed, of the median round. With kept mounts, what uv, pnpm, Maven and Gradle keep is named by \`others\`, so nothing checks it.

| language | scenario | way | wall | CPU | peak memory | packages | downloaded | engine | stored | pushed | rounds | on |
| --- | --- | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --- |
${rows.map(lineOf).join('\n')}

## Where kept mounts pay

What they cost and spare on a fresh runner beside the same without them. They pay where packages come slower than the last column says.

| language | seconds more | not downloaded | pays below |
| --- | --: | --: | --: |
${payLines(rows).join('\n')}

## Goals

${goalsOf(rows)
  .map(({ text, measured, isMet }) => `- ${text}: ${measured} (${isMet ? 'met' : '**missed**'})`)
  .join('\n')}
`;
}

function lineOf({ workload, scenario, way, rounds, ratio, moved, on }: Row): string {
  const peaks = rounds.flatMap(({ peakBytes }) => peakBytes ?? []);
  const cells = [
    ...[workload, scenario, way, ratio.wall.toFixed(2), ratio.cpu.toFixed(2)],
    ...[sizeText(Math.max(...peaks)), String(moved.packages), sizeText(moved.downloadedBytes)],
    ...[moved.engineBytes, moved.storedBytes, moved.pushedBytes].map(sizeText),
    ...[String(rounds.length), on],
  ];
  return `| ${cells.join(' | ')} |`;
}

function payLines(rows: readonly Row[]): string[] {
  const fresh = rows.filter(({ scenario }) => scenario === FRESH);
  return fresh.flatMap((row) => {
    const plain = fresh.find(({ workload, way }) => workload === row.workload && way === WITHOUT);
    if (row.way !== MOUNTS || !plain) return [];
    const seconds = (wallOf(row) - wallOf(plain)) / 1000;
    const spared = plain.moved.downloadedBytes - row.moved.downloadedBytes;
    const cells = [row.workload, seconds.toFixed(1), sizeText(spared), below(seconds, spared)];
    return [`| ${cells.join(' | ')} |`];
  });
}

function below(seconds: number, spared: number): string {
  if (spared <= 0) return seconds < 0 ? 'any' : 'never';
  return seconds <= 0 ? 'any' : `${(spared / seconds / 1e6).toFixed(1)} MB/s`;
}

function sizeText(bytes: number | undefined): string {
  if (bytes === undefined) return '';
  const size = Math.abs(bytes);
  if (size < 1e5) return `${(bytes / 1e3).toFixed(1)} KB`;
  return `${(bytes / 1e6).toFixed(size < 1e7 ? 2 : 0)} MB`;
}
