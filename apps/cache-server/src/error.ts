export type CacheErrorCode =
  | 'ARCHIVE_REFUSED'
  | 'CONFIG_INVALID'
  | 'DISK_FULL'
  | 'NOT_PLAIN'
  | 'NOT_SIGNED'
  | 'UPLOAD_CUT'
  | 'UPLOAD_STALLED'
  | 'TOKEN_DEAD'
  | 'UPSTREAM_FAILED';

interface CacheErrorOptions {
  message: string;
  hint?: string;
  cause?: unknown;
}

/** What this package throws; the codes are listed in the README and never change meaning. */
export class CacheError extends Error {
  override readonly name = 'CacheError';
  readonly hint: string | undefined;

  constructor(
    readonly code: CacheErrorCode,
    { message, hint, cause }: CacheErrorOptions,
  ) {
    super(message, { cause });
    this.hint = hint;
  }
}

/** The `code` of a system error (`ENOSPC`, `ENOENT`), or undefined. */
export function systemCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}
