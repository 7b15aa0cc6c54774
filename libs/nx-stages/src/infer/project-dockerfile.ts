import type { StageSummary } from '@excel2doc/dockerfile';
import type { BuildSettings } from './declared-build';
import type { OtherImage } from './docker-targets';

/** A Dockerfile, and one way to build it: two services may build one with other arguments each. */
export interface ProjectDockerfile {
  /** Relative to the workspace, as is `root`. */
  file: string;
  /** Of the project that it belongs to. */
  root: string;
  /** The project's. */
  name: string;
  /** Its name among the project's Dockerfiles; undefined for the main one. */
  variant: string | undefined;
  /** Of what it builds, without a tag. */
  image: string;
  settings: BuildSettings;
  services: string[];
  others: OtherImage[];
  /** None where it is broken. */
  stages: StageSummary[];
  /** Whether another way to build the same file stands before it. */
  isFurther: boolean;
}
