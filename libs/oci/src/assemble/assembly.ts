import type { BlobSource } from '../blob/source';
import type { ImageConfig } from '../image/types';
import type { ImageRecord, LayerRecord } from '../layout/record';
import type { Contents } from '../tree/contents';
import type { IndexCache } from '../tree/index-cache';
import type { Tree } from '../tree/tree';
import type { ChangedTree } from './changed-tree';

/** A finished stage that is copied from. */
export interface StageInput {
  record: ImageRecord;
  /** Gives every layer of the record. */
  source: BlobSource;
}

/** What the instructions are carried out on. */
export interface Assembly {
  tree: Tree;
  config: ImageConfig;
  layers: LayerRecord[];
  contents: Contents;
  context: () => Tree;
  stage: (name: string) => Promise<{ input: StageInput; tree: Tree }>;
  indexes: IndexCache;
}

/** What an instruction came to. */
export interface CarriedOut {
  createdBy: string;
  /** Of files. */
  changes?: ChangedTree;
  /** They may be several layers. */
  isFromStage?: boolean;
  /** Finished layers that do just what the instruction asks for. */
  reused?: LayerRecord[];
}
