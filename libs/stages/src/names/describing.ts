/** What is said about an image besides what it is built of. */
export interface Describing {
  /** `org.opencontainers.image.vendor=Acme`, or `oci` for what git and CI say. */
  labels?: readonly string[] | string | undefined;
  /** The same, with where it stands before it: `manifest,index:NAME=VALUE`. */
  annotations?: readonly string[] | string | undefined;
  /** What a Compose or Bake file says; the entries above go before it. */
  declared?: Declared | undefined;
}

/** Of a Compose or Bake file, as it is written. */
export interface Declared {
  labels?: Readonly<Record<string, string>>;
  annotations?: readonly string[];
}

type Metadata = object | undefined;

/**
 * Declared labels stand in the metadata of the target whose image has them: nothing hangs on them but
 * that image's last step.
 */
export const declaredInMetadata = ({ labels, annotations }: Declared) => ({
  ...((labels || annotations) && {
    declared: { ...(labels && { labels }), ...(annotations && { annotations }) },
  }),
});

/** What `declaredInMetadata` put into a target's metadata. */
export function declaredOf(metadata: Metadata): Declared | undefined {
  return (metadata as { declared?: Declared } | undefined)?.declared;
}
