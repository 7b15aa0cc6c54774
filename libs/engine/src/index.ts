export { type Base, type BasesFile, basesFile, readBases } from './bases';
export type { BuildOptions, BuildResult } from './build/build';
export { type EngineChoice, ENGINE_CHOICES, isEngineChoice } from './client/choice';
export type { ChildOptions, ChildResult } from './client/child';
export type { Compose, ComposeContainer, ComposeProject } from './compose/compose';
export { Engine } from './engine';
export type { EngineDescription } from './client/description';
export { EngineError, type EngineErrorCode } from './client/error';
export type { ImageInfo, ImageListing } from './image/image';
export {
  cacheFolder,
  locateEngine,
  type LocateOptions,
  privateEngineFile,
  type PrivateEngineFile,
} from './locate';
export { type LayoutImage, ociLayoutContext } from './image/layout';
export { type PodmanInfo, takesHeredocs } from './podman/describe';
export { Podman } from './podman';
export type { RunStepsOptions } from './podman/run-steps';
export type { RunOptions } from './client/run';
export type { ImageStore } from './store/image-store';
export { isPodmanChosen, openImageStore } from './open-store';
