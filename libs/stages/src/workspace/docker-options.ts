import type { Compression, Layering } from '@excel2doc/oci';
import type { Builders } from './builders';
import type { Modes } from './modes';
import type { SecretOptions } from './secret-options';

/** What every executor of a Dockerfile is given. Paths are relative to the workspace. */
export interface DockerOptions extends SecretOptions {
  dockerfile: string;
  context: string;
  lockFile: string;
  /** Default: this machine's. */
  platforms?: string[];
  buildArgs?: Record<string, string>;
  /** Stages that are wanted as whole images besides the last one. */
  targets?: string[];
  /** Which of the project's Dockerfiles it is; absent for the main one. */
  variant?: string;
  builders?: Builders;
  /** Of layers; only what makes plans is told, for then it stands there. */
  compression?: Compression;
  /** Of files of the context; only what makes plans is told, for then they stand there. */
  modes?: Modes;
  /** Of what is copied from a stage; told to the same alone. */
  layering?: Layering;
}
