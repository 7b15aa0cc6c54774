import type { DockerOptions, ImageToLoad, StageToMake } from '@excel2doc/stages';

/** Without `image` the stage is made; with it, it is brought into the engine under that name. */
export type ImageOptions = DockerOptions & (StageToMake | (ImageToLoad & Fresh));

/** Of a load: its stages are made anew first, and by everybody else once more. */
export interface Fresh {
  fresh?: boolean;
}

/** Whether it brings a stage's image into the engine. */
export function isLoad(options: ImageOptions): options is DockerOptions & ImageToLoad & Fresh {
  return (options as Partial<ImageToLoad>).image !== undefined;
}
