import type { StagePlan } from '@excel2doc/dockerfile';
import type { Compression, Layering } from '@excel2doc/oci';
import type { CacheMounts } from '../workspace/cache-mounts-option';
import type { StageSecret } from '../secrets/state';
import type { DockerProject } from '../workspace/docker-project';
import type { Outputs } from './outputs';

/** One stage for one platform, as whoever builds it is given it. */
export interface StageBuild {
  stage: string;
  plan: StagePlan;
  /** What runs the RUN steps, as the plan's file says; BuildKit where it says nothing. */
  builder?: 'podman' | undefined;
  /** As the plan's file says: no RUN step of before may be taken from the builder's own cache. */
  fresh?: string | undefined;
  project: DockerProject;
  outputs: Outputs;
  /** What its key tells of secrets. */
  secrets?: readonly StageSecret[] | undefined;
  /** Told in a line what did not go as it was wanted, while it is built all the same. */
  warn: (line: string) => void;
  /** Told BuildKit's progress as it comes; without it that is shown. */
  onProgress?: ((text: string) => void) | undefined;
  /** Of the layers that it makes, as the plan says. */
  compression?: Compression | undefined;
  /** What lies in its cache mounts is kept; told in lines what came of it. */
  mounts?: (CacheMounts & { say: (line: string) => void }) | undefined;
  /** Of what it copies from stages, and of the paths that it exports. */
  layering?: Layering | undefined;
}
