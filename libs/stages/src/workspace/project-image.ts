/** An image that a project of the workspace builds, and that another one is built on or copies from. */
export interface ProjectImage {
  /** Name of the project. */
  project: string;
  /** See `DockerProject.home`. */
  home: string;
  /** The stage that it is. */
  stage: string;
  /** The target that makes it. */
  target: string;
}

type Images = Record<string, ProjectImage>;

/**
 * Which of the images that a Dockerfile names are projects', by reference: in the metadata of
 * `docker-plan`, where nothing of it is in a key. What is in the key is the image's digest.
 */
export const projectImages = (images: Images) => ({
  ...(Object.keys(images).length > 0 && { projectImages: images }),
});

/** What `projectImages` put into a target's metadata. */
export function imagesInMetadata(metadata: object | undefined): Images {
  return (metadata as { projectImages?: Images } | undefined)?.projectImages ?? {};
}
