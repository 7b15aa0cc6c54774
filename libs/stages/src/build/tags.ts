/** Which image is brought into the engine, and its name there. */
export interface ImageToLoad {
  stage: string;
  /** Without a tag. */
  image: string;
  tag?: string | undefined;
}

/** What an image is called: a name, the commit where it is of one, its own digest. */
export function imageTags(digest: string, commit: string | undefined, name?: string): string[] {
  return [imageTag(name), ...(commit ? [commit] : []), digest.slice(7, 19)];
}

/** The tag that people use: the one that a target sets, else NX_STAGES_TAG, else `dev`. */
export function imageTag(name?: string, env: NodeJS.ProcessEnv = process.env): string {
  return name ?? env['NX_STAGES_TAG'] ?? 'dev';
}
