export { type Base, type BasesFile, basesFile, readBases } from './bases';
export type { BuildOptions, BuildResult } from './build';
export { type EngineChoice, ENGINE_CHOICES, isEngineChoice } from './choice';
export type { ChildOptions, ChildResult } from './child';
export type { Compose, ComposeContainer, ComposeProject } from './compose';
export { Engine } from './engine';
export type { EngineDescription } from './description';
export { EngineError, type EngineErrorCode } from './error';
export type { ImageInfo, ImageListing } from './image';
export {
  cacheFolder,
  locateEngine,
  type LocateOptions,
  privateEngineFile,
  type PrivateEngineFile,
} from './locate';
export { type LayoutImage, ociLayoutContext } from './layout';
export { type PodmanInfo, takesHeredocs } from './podman/describe';
export { Podman } from './podman/podman';
export type { RunStepsOptions } from './podman/run-steps';
export type { RunOptions } from './run';
export type { ImageStore } from './store/image-store';
export { isPodmanChosen, openImageStore } from './store/open';
