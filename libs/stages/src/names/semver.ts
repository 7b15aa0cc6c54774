import type { Known } from './known';

/** A version, as semver.org writes it, with or without a `v` before it. */
export interface Version {
  raw: string;
  version: string;
  major: string;
  minor: string;
  patch: string;
  isPrerelease: boolean;
}

const VERSION =
  /^v?((0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?)$/;

/** Undefined where it is none. */
export function parseVersion(text: string): Version | undefined {
  const [, version, major, minor, patch, pre] = VERSION.exec(text) ?? [];
  if (version === undefined) return undefined;
  const numbers = { major: major!, minor: minor!, patch: patch! };
  return { raw: text, version, ...numbers, isPrerelease: pre !== undefined };
}

/**
 * The one version that git's tags at a commit say for a project; why there is none. A project's own
 * tags go before those of the workspace.
 */
export function versionAt(tags: readonly string[], projectName: string): Known<Version> {
  const own = tags.filter((tag) => tag.startsWith(`${projectName}@`));
  const versions = (own.length > 0 ? own : tags).flatMap(
    (tag) => versionOfTag(tag, projectName) ?? [],
  );
  const [version, ...others] = versions;
  if (!version) return { why: `${tags.join(', ')}: no version` };
  if (others.length === 0) return { value: version };
  const all = versions.map(({ raw }) => raw).join(', ');
  return { why: `several versions are at the commit (${all}); value= says which` };
}

/** The version that a tag of git says for a project: `v1.2.3`, or `api@1.2.3` as nx release names it. */
function versionOfTag(tag: string, projectName: string): Version | undefined {
  const own = tag.startsWith(`${projectName}@`) ? tag.slice(projectName.length + 1) : tag;
  return parseVersion(own);
}
