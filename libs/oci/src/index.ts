export { bytesText, durationText, parseBytes } from './amounts';
export { assembleImage, type AssembleOptions } from './assemble/assemble-image';
export type { StageInput } from './assemble/assembly';
export { type Assemblable, type AssemblableOptions, canAssemble } from './assemble/can-assemble';
export type { BuildContext, ContextFile } from './assemble/context';
export type {
  AddInstruction,
  Command,
  CopyFlags,
  CopyInstruction,
  HealthcheckInstruction,
  Instruction,
  KeyValue,
} from './assemble/instruction';
export { type BlobSource, readBlob, readJsonBlob } from './blob/source';
export { type ChainOptions, sourceChain } from './blob/chain';
export {
  BlobDraft,
  BlobStore,
  type BlobStoreOptions,
  evictUnread,
  type StoredBlob,
} from './blob/store';
export {
  type DescribedImage,
  describeImage,
  type ImageDescription,
} from './describe/describe-image';
export { type Digest, digestOf, Hasher, isDigest } from './digest';
export { parseDigest } from './parse-digest';
export { hasCode, OciError, type OciErrorCode } from './error';
export {
  type Descriptor,
  formatPlatform,
  type Healthcheck,
  type HistoryEntry,
  type ImageConfig,
  type Index,
  type Manifest,
  MEDIA_TYPES,
  parsePlatform,
  type Platform,
  type RunConfig,
} from './image/types';
export { type Compression, decompressed, zstdVersion } from './layer/compression';
export { IMAGE_JSON, LayoutDraft, writeLayoutFiles } from './layout/draft';
export { type LayerPlace, moveLayersElsewhere } from './layout/elsewhere';
export {
  checkOwnBlobs,
  type Image,
  layoutSource,
  readBaseImage,
  readImageRecord,
  readLayout,
  type StageOutput,
} from './layout/read';
export {
  type Base,
  baseFromImage,
  baseFromStage,
  type BaseReference,
  type ImageRecord,
  type LayerOrigin,
  type LayerRecord,
  SCRATCH,
} from './layout/record';
export { packagesOf, type PackagesOfLayer } from './package-layers/count';
export { type Layering, PACKAGE_FORMAT } from './package-layers/groups';
export { emptyConfig } from './assemble/metadata';
export type { LayerMaker } from './layer/times';
export { runImage, type RunImageOptions, type RunStep } from './thin/run-image';
export { layersAbove, thinImage, type ThinImageOptions } from './thin/thin-image';
export { loadTar, type LoadTarOptions } from './load/load-tar';
export { replaceFile, replaceFileSync } from './replace-file';
export { formatReference, mirrored, parseReference, type Reference } from './reference';
export { type Credentials, readCredentials } from './registry/credentials';
export { pushBlob, type PushBlobOptions } from './registry/push-blob';
export {
  digestOnPush,
  attach,
  type AttachOptions,
  type Pushed,
  pushImage,
  type PushImageOptions,
  pushIndex,
  referrers,
} from './registry/push-image';
export { pushOwnLayers } from './registry/push-layers';
export { RemoteCache, type RemoteCacheOptions } from './remote-cache/remote-cache';
export { nameOf } from './remote-cache/layer-entry';
export { sendOwnLayers } from './remote-cache/send-layers';
export { pullImage } from './registry/pull-image';
export { Repository, type RepositoryOptions } from './registry/repository';
export { sbom, type SbomOptions, SPDX_MEDIA_TYPE } from './sbom/sbom';
export type { TarEntry } from './tar/entry';
export {
  BLOCK as TAR_BLOCK,
  decodeHeader,
  encodeHeader,
  END_OF_ARCHIVE,
  padding as tarPadding,
  type TarHeader,
} from './tar/header';
export { decodePax } from './tar/pax';
export { readTar, type TarItem } from './tar/read';
export { IndexCache } from './tree/index-cache';
