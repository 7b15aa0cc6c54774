import type { BuilderPlatforms } from '@excel2doc/engine';
import type { LastBuild } from '@excel2doc/stages';
import type { Container } from '../compose/container';

/** All that the checks look at: plain data, so that each check is a function of values. */
export interface Facts {
  engine:
    | { answers: false; code: string; message: string }
    | {
        answers: true;
        /** 'Docker 26.1.5' */
        title: string;
        /** `linux/amd64` */
        platform: string;
        memoryBytes: number;
        /** Free on the disk that the engine's data is on; undefined where that is another machine's. */
        diskFreeBytes: number | undefined;
        /** What the engine's clock is ahead of ours. */
        clockSkewMs: number;
      };
  /** `platform:` of the services, where one is set. */
  platforms: { service: string; platform: string }[];
  /** What stages are built for, besides the engine's own platform where the engine builds for that. */
  foreignPlatforms: ForeignPlatform[];
  ports: { service: string; port: number; free: boolean }[];
  registry: { answers: boolean; mirror: string } | undefined;
  /** A package index: its host, and how long it took to answer. */
  indexes: { url: string; elapsedMs: number | undefined; error: string | undefined }[];
  proxy: { variable: string; value: string } | undefined;
  /** CAs that this machine was given beyond the usual ones, and how many of them a build gets. */
  extraCertificates: string[];
  certificatesInBuild: boolean;
  /** Variables that the Compose files demand and nobody sets. */
  missingVariables: { name: string; file: string; message: string }[];
  dockerfile: { path: string; text: string } | undefined;
  hasDockerignore: boolean;
  contextBytes: number;
  /** What the last plans say of stages that cannot be cached, or read everything. */
  planProblems: {
    stage: string;
    kind: 'uncacheable' | 'whole-context';
    reason: string;
    line?: number;
  }[];
  /** What the outputs of stages tell of their last builds, by stage; none for what was never built. */
  lastBuilds: Record<string, LastBuild>;
  /** The ports that the service publishes, and those that the image exposes. */
  publishedTargets: number[];
  exposedPorts: number[];
  containers: Container[];
}

/** How the RUN steps of a platform are run that is not the engine's own, or that builders are named for. */
export interface ForeignPlatform {
  platform: string;
  /** `builder`: a native one, or one that does not say. `nothing`: they fail. */
  how: 'builder' | 'emulation' | 'nothing';
  /** Those that are named for it; none where it is the engine's. */
  builders: AskedBuilder[];
}

export interface AskedBuilder {
  name: string;
  /** Undefined where it does not say: it does not answer, or has yet to be started. */
  says: BuilderPlatforms | undefined;
}
