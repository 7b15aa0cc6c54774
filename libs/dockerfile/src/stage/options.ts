import type { BaseInput } from './base';

/** What a Dockerfile is evaluated for. */
export interface EvaluateOptions {
  /** `linux/amd64` */
  platform: string;
  /** The stage that a build is asked for, of which TARGETSTAGE tells; default: the last one. */
  target?: string | undefined;
  /** Of the machine that builds; default: `platform`. */
  buildPlatform?: string;
  buildArgs?: Record<string, string>;
  /** By reference, as in images.lock.json. */
  bases?: Record<string, BaseInput>;
  /** Values of --build-context, by name. */
  namedContexts?: Record<string, string>;
}
