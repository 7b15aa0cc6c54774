/** Where in a Dockerfile or an ignore file: lines and columns count from 1. */
export interface Position {
  file: string;
  line: number;
  column: number;
}

export type DockerfileErrorCode =
  | 'SYNTAX'
  | 'UNKNOWN_INSTRUCTION'
  | 'BAD_FLAG'
  | 'BAD_SUBSTITUTION'
  | 'NO_STAGE'
  | 'UNKNOWN_STAGE'
  | 'STAGE_CYCLE'
  | 'COPY_SOURCE_MISSING'
  | 'COPY_SOURCE_IGNORED'
  | 'COPY_SOURCE_OUTSIDE'
  | 'BAD_IGNORE_PATTERN'
  | 'FILE_CHANGED'
  | 'UNREADABLE';

/** What is wrong, where, and what to do. The codes are listed in the README. */
export class DockerfileError extends Error {
  readonly code: DockerfileErrorCode;
  readonly at: Position | undefined;
  readonly hint: string | undefined;

  constructor(
    code: DockerfileErrorCode,
    detail: {
      message: string;
      at?: Position | undefined;
      hint?: string | undefined;
      cause?: unknown;
    },
  ) {
    const { at, message } = detail;
    super(at ? `${at.file}:${at.line}:${at.column}: ${message}` : message, { cause: detail.cause });
    this.name = 'DockerfileError';
    this.code = code;
    this.at = at;
    this.hint = detail.hint;
  }
}
