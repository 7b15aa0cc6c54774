import type { ImageConfig, LayerRecord } from '@excel2doc/oci';

/** What an image tells of the time that its base is from; layers that are made here have no times. */
export interface BaseAge {
  /** The newest time in the base's part of the history, in ms. */
  createdMs?: number;
  /** When a package was last changed in the base: the time of its package manager's own list, in ms. */
  packagesMs?: number;
}

const PACKAGE_LIST =
  /^(?:\.\/)?(?:var\/lib\/dpkg\/status(?:\.d\/[^/]+)?|lib\/apk\/db\/installed|(?:var|usr)\/lib\/(?:sysimage\/)?rpm\/(?:Packages|rpmdb\.sqlite))$/;

/** Whether a package manager writes this file whenever a package changes. */
export function isPackageList(path: string): boolean {
  return PACKAGE_LIST.test(path);
}

/**
 * @param listsS times of the base's lists of packages, in seconds
 */
export function baseAge(
  layers: readonly LayerRecord[],
  { history = [] }: ImageConfig,
  listsS: readonly number[],
): BaseAge {
  const below = layers.filter(({ from }) => from === 'base').length;
  const times: number[] = [];
  let count = 0;
  for (const { created, empty_layer: isEmpty } of history) {
    // What comes after the base's last layer may be ours.
    if (count === below) break;
    if (!isEmpty) count += 1;
    times.push(Date.parse(created ?? ''));
  }
  const [createdMs, packagesMs] = [times, listsS.map((time) => time * 1000)].map(newest);
  return {
    ...(createdMs !== undefined && { createdMs }),
    ...(packagesMs !== undefined && { packagesMs }),
  };
}

/**
 * Builders that want the same bytes set times to zero, or to a day of the year in which zip begins; ours
 * makes times of the content, up to 2005.
 */
const FIRST_STATED_MS = Date.UTC(2006, 0);

function newest(times: readonly number[]): number | undefined {
  const stated = times.filter((time) => time >= FIRST_STATED_MS);
  return stated.length > 0 ? Math.max(...stated) : undefined;
}

/** `2026-11-02, 25 days ago` */
export function ageText(atMs: number, nowMs: number): string {
  const days = Math.floor((nowMs - atMs) / 86_400_000);
  const day = new Date(atMs).toISOString().slice(0, 10);
  if (days <= 0) return `${day}, today`;
  return `${day}, ${days} day${days === 1 ? '' : 's'} ago`;
}
