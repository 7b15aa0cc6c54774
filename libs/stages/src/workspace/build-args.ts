type Args = Record<string, string>;

/**
 * Arguments that a Compose or Bake file declares stand in the metadata of `docker-plan`, not in its
 * options: Nx hashes the options of all of a project's targets into each of its keys, and metadata
 * into none. A value then changes the plans of the stages that use it, and no more.
 */
export const declaredArgs = (buildArgs: Args | undefined) => ({ ...(buildArgs && { buildArgs }) });

/** The arguments of a build: those declared, with those of the target's own options over them. */
export function mergedArgs(
  declared: Args | undefined,
  own: Args | undefined,
): { buildArgs?: Args } {
  return declaredArgs(declared || own ? { ...declared, ...own } : undefined);
}

/** What `declaredArgs` put into a target's metadata. */
export function argsInMetadata(metadata: object | undefined): Args | undefined {
  return (metadata as { buildArgs?: Args } | undefined)?.buildArgs;
}
