import type { Mount } from './mount';

/** An instruction with its variables substituted. `line` counts the plan's instructions, from 1. */
export type ResolvedInstruction =
  | ({ kind: 'copy' } & ResolvedCopy)
  | ({ kind: 'add'; checksum?: string; keepGitDir?: boolean } & ResolvedCopy)
  | { kind: 'workdir'; path: string; line: number }
  | { kind: 'env' | 'label'; entries: { key: string; value: string }[]; line: number }
  | { kind: 'arg'; entries: { key: string; value?: string }[]; line: number }
  | { kind: 'user'; user: string; line: number }
  | { kind: 'expose'; ports: string[]; line: number }
  | { kind: 'cmd' | 'entrypoint'; command: Command; line: number }
  | ResolvedHealthcheck
  | { kind: 'volume'; paths: string[]; line: number }
  | { kind: 'stopsignal'; signal: string; line: number }
  | { kind: 'shell'; shell: string[]; line: number }
  | { kind: 'maintainer'; name: string; line: number }
  | ResolvedRun
  | { kind: 'onbuild'; line: number }
  | { kind: 'other'; name: string; line: number };

export type Command = { form: 'exec'; arguments: string[] } | { form: 'shell'; text: string };

/** What is run is left as written: a shell, not the Dockerfile, substitutes its variables. */
export interface ResolvedRun {
  kind: 'run';
  mounts: Mount[];
  network?: string;
  /** What it takes that not every builder has: 'a heredoc', '--security', '--device'. */
  extras: string[];
  line: number;
}

export interface ResolvedCopy {
  sources: string[];
  destination: string;
  from?: string;
  chown?: string;
  chmod?: string;
  link: boolean;
  parents?: boolean;
  exclude?: string[];
  heredocs?: { name: string; content: string }[];
  line: number;
}

/** `test` as an image's config has it; times in nanoseconds. */
export interface ResolvedHealthcheck {
  kind: 'healthcheck';
  test: string[];
  intervalNs?: number;
  timeoutNs?: number;
  startPeriodNs?: number;
  startIntervalNs?: number;
  retries?: number;
  line: number;
}
