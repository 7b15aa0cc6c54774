import type { DockerfileError } from '../error';
import type { Heredoc } from '../syntax/heredoc';
import type { NamedValue } from '../syntax/words';
import type { Keyword } from './keyword';

interface Placed {
  line: number;
  column: number;
  /** As written, joined to one line; heredocs apart. */
  original: string;
}

/** `args` of an exec form (JSON array), or `command` of a shell form. */
export type CommandForm = { form: 'exec'; args: string[] } | { form: 'shell'; command: string };

export type From = Placed & {
  keyword: 'FROM';
  image: string;
  /** Lower case; '' when the stage has none. */
  name: string;
  platform?: string;
};

export type Arg = Placed & { keyword: 'ARG'; args: { name: string; value?: string }[] };

export type Pairs = Placed & { keyword: 'ENV' | 'LABEL'; pairs: NamedValue[]; legacy: boolean };

export type Copy = Placed & {
  keyword: 'COPY' | 'ADD';
  sources: string[];
  destination: string;
  heredocs: Heredoc[];
  from?: string;
  chown?: string;
  chmod?: string;
  checksum?: string;
  link: boolean;
  parents: boolean;
  keepGitDir?: boolean;
  unpack?: boolean;
  exclude: string[];
  /** Variables in sources and destination are substituted either way; JSON only keeps blanks. */
  json: boolean;
};

export type Run = Placed & {
  keyword: 'RUN';
  command: CommandForm;
  heredocs: Heredoc[];
  /** The values of --mount, unread: they may hold variables. */
  mounts: string[];
  network?: string;
  security?: string;
  device: string[];
};

export type Start = Placed & { keyword: 'CMD' | 'ENTRYPOINT'; command: CommandForm };

export type Healthcheck = Placed & {
  keyword: 'HEALTHCHECK';
  check: 'NONE' | CommandForm;
  /** `--interval=…` and its like, sorted by name. */
  options: NamedValue[];
};

export type Words = Placed & { keyword: 'EXPOSE' | 'VOLUME' | 'SHELL'; words: string[] };

export type Word = Placed & {
  keyword: 'WORKDIR' | 'USER' | 'STOPSIGNAL' | 'MAINTAINER';
  word: string;
};

/** `trigger` is left out where BuildKit will refuse it once it runs, with `problem`. */
export type Onbuild = Placed & {
  keyword: 'ONBUILD';
  /** As written, without the keyword. */
  expression: string;
  trigger?: Instruction;
  problem?: DockerfileError;
};

export type Instruction =
  From | Arg | Pairs | Copy | Run | Start | Healthcheck | Words | Word | Onbuild;

export type InstructionOf<K extends Keyword> = Extract<Instruction, { keyword: K }>;
