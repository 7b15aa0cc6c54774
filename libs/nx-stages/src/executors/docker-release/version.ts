import { releasedVersion } from '@excel2doc/stages';

/** What Nx tells of each project that `nx release` looked at. */
export type VersionData = Record<
  string,
  { newVersion: string | null; dockerVersion?: string | null } | undefined
>;

/**
 * The version that a project got in this run; where `nx release publish` runs by itself, the one that
 * git's tag at the commit says. A project that has none is not released.
 */
export async function versionToRelease(
  root: string,
  name: string,
  data: VersionData | undefined,
): Promise<{ value: string } | { none: string }> {
  if (data) {
    const { newVersion, dockerVersion } = data[name] ?? { newVersion: null };
    const value = dockerVersion ?? newVersion;
    return value === null ? { none: 'it got no new version' } : { value };
  }
  const found = await releasedVersion(root, name);
  return 'why' in found ? { none: found.why } : found;
}
