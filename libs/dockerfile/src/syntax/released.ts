import type { RuleSet } from '../rules';

/** What is known of the frontend that a `# syntax=` names. */
export type Frontend =
  /** Docker's own: `rules` where it is a release that one of the rule sets is of. */
  { kind: 'docker'; rules: RuleSet | undefined } | { kind: 'other'; reason: string };

/** A frontend's releases are what the BuildKit of their time has built in. */
const byVersion: Record<string, RuleSet> = { '1.7': 13, '1.28': 34 };

/**
 * The images of these releases, of all platforms: 1.7.0, 1.7.1, 1.28. A tag beside a digest says
 * nothing, for the digest alone decides what is pulled.
 */
const byDigest: Record<string, RuleSet> = {
  'sha256:dbbd5e059e8a07ff7ea6233b213b36aa516b4c53c645f1817a4dd18b83cbea56': 13,
  'sha256:a57df69d0ea827fb7266491f2813635de6f17269be881f696fbfdf2d83dda33e': 13,
  'sha256:bb22d9815c728170f72750f4e5b0d672e06176142e1d602c7e66c050100b7e5b': 34,
};

const dockers = /^(?:docker\.io\/)?docker\/dockerfile(?::([^@]*))?(?:@(.*))?$/;

/** @param syntax the image, without what stands behind it */
export function knownFrontend(syntax: string): Frontend {
  const found = dockers.exec(syntax);
  if (!found) return { kind: 'other', reason: `syntax ${syntax} is not Docker's own frontend` };
  const [, tag = 'latest', digest] = found;
  const strange: Frontend = {
    kind: 'other',
    reason: `syntax ${syntax} is none of the releases of Docker's frontend that are known here`,
  };
  if (digest !== undefined)
    return Object.hasOwn(byDigest, digest) ? { kind: 'docker', rules: byDigest[digest] } : strange;
  if (tag === 'latest' || tag === '1') return { kind: 'docker', rules: undefined };
  const [, version = '', minor] = /^(1\.(\d+))(?:\.\d+)?$/.exec(tag) ?? [];
  // What is older than both rule sets is like neither; what lies between them was one or the other.
  if (minor === undefined || Number(minor) < 7) return strange;
  return {
    kind: 'docker',
    rules: Object.hasOwn(byVersion, version) ? byVersion[version] : undefined,
  };
}
