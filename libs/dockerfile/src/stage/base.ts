/**
 * A base image: its locked digest, and what is known of its configuration. A mere digest (null: it is
 * not locked) stands for one without ONBUILD whose environment is not known.
 */
export type BaseInput = string | null | BaseFacts;

export interface BaseFacts {
  digest: string | null;
  /** Without it, a variable that the Dockerfile does not set is not known. */
  env?: Record<string, string>;
  /** Default: none. */
  onbuild?: string[] | 'unknown';
  /** The digest is what was found now, and nobody has said that it stays. */
  isUnlocked?: boolean;
  /** What is different for platforms other than the one that is planned. */
  platforms?: Record<string, Omit<BaseFacts, 'platforms'>>;
}

/** What is known of `reference` on a platform; undefined for an image that nobody told of. */
export function baseFacts(
  bases: Record<string, BaseInput>,
  reference: string,
  platform: string,
): BaseFacts | undefined {
  const input = bases[reference];
  if (input === undefined) return undefined;
  const facts = typeof input === 'object' && input !== null ? input : { digest: input };
  return facts.platforms?.[platform] ?? facts;
}
