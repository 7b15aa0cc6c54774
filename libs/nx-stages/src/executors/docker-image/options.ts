import type { DockerOptions, ImageToLoad, StageToMake } from '@excel2doc/stages';

/** Without `image` the stage is made; with it, it is brought into the engine under that name. */
export type ImageOptions = DockerOptions & (StageToMake | ImageToLoad);

/** Whether it brings a stage's image into the engine. */
export function isLoad(options: ImageOptions): options is DockerOptions & ImageToLoad {
  return (options as Partial<ImageToLoad>).image !== undefined;
}
