import { listed } from './listed';

/** What a target says of its image's tags. */
export interface Naming {
  tag?: string | undefined;
  /** Entries as docker/metadata-action takes them; a hasher sees one of a command line as it was typed. */
  tags?: readonly string[] | string | undefined;
  /** The image has these tags alone. */
  skipDefaultTag?: boolean | undefined;
}

/** The entries of `tags`. */
export function entriesOf({ tags }: Naming): readonly string[] {
  return listed(tags);
}
