/**
 * What a stage does after its FROM, with every variable already substituted.
 * Structural on purpose: libs/dockerfile produces it, and neither library imports the other.
 */
export type Instruction =
  | CopyInstruction
  | AddInstruction
  | { kind: 'workdir'; path: string; line: number }
  | { kind: 'env'; entries: KeyValue[]; line: number }
  | { kind: 'arg'; entries: { key: string; value?: string }[]; line: number }
  | { kind: 'label'; entries: KeyValue[]; line: number }
  | { kind: 'user'; user: string; line: number }
  /** Each port as written: `8000`, `8000/udp`, `8000-8010/tcp`. */
  | { kind: 'expose'; ports: string[]; line: number }
  | { kind: 'cmd'; command: Command; line: number }
  | { kind: 'entrypoint'; command: Command; line: number }
  | HealthcheckInstruction
  | { kind: 'volume'; paths: string[]; line: number }
  | { kind: 'stopsignal'; signal: string; line: number }
  | { kind: 'shell'; shell: string[]; line: number }
  | { kind: 'maintainer'; name: string; line: number }
  | { kind: 'run'; line: number }
  | { kind: 'onbuild'; line: number }
  /** Anything else; `name` is said in the reason why it goes to BuildKit. */
  | { kind: 'other'; name: string; line: number };

/** The shell form is one string, the exec form a list. */
export type Command = { form: 'shell'; text: string } | { form: 'exec'; arguments: string[] };

export interface KeyValue {
  key: string;
  value: string;
}

export interface CopyFlags {
  /** `name`, `name:group`, `1000`, `1000:1000`. */
  chown?: string;
  /** Octal, `0755`. */
  chmod?: string;
  link?: boolean;
  /** Patterns of `--exclude`. */
  exclude?: string[];
  parents?: boolean;
}

export interface CopyInstruction extends CopyFlags {
  kind: 'copy';
  /** As written after substitution: relative to the context (or to the root of `from`), wildcards allowed. */
  sources: string[];
  destination: string;
  /** A stage's name, or an image's reference; the build context where it is left out. */
  from?: string;
  /** `COPY <<EOF dest`: files given inline. */
  heredocs?: { name: string; content: string }[];
  line: number;
}

export interface AddInstruction extends Omit<CopyInstruction, 'kind'> {
  kind: 'add';
  checksum?: string;
  keepGitDir?: boolean;
}

export interface HealthcheckInstruction {
  kind: 'healthcheck';
  /** `['NONE']`, `['CMD', ...]` or `['CMD-SHELL', text]`. */
  test: string[];
  /** Times in nanoseconds, as the image's config has them; 0 or left out = inherited. */
  intervalNs?: number;
  timeoutNs?: number;
  startPeriodNs?: number;
  startIntervalNs?: number;
  retries?: number;
  line: number;
}
