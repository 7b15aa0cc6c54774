import type { Digest } from './digest';

export type OciErrorCode =
  | 'ASSEMBLY_FAILED'
  | 'BAD_DIGEST'
  | 'BAD_DOCUMENT'
  | 'BAD_REFERENCE'
  | 'BLOB_DAMAGED'
  | 'BLOB_MISSING'
  | 'CONTEXT_CHANGED'
  | 'CREDENTIALS'
  | 'LAYOUT_INCOMPLETE'
  | 'NOT_A_BASE'
  | 'NOT_ASSEMBLABLE'
  | 'PLATFORM_MISSING'
  | 'REGISTRY'
  | 'REMOTE_CACHE'
  | 'TAR_DAMAGED'
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED_COMPRESSION';

export interface OciErrorDetails {
  message: string;
  hint?: string;
  cause?: unknown;
  expected?: string;
  found?: string;
  /** The blob that it is about. */
  digest?: Digest;
  /** HTTP status, where a registry or a cache answered. */
  status?: number;
}

/** The one error of this library. Codes are listed in README.md and never change meaning. */
export class OciError extends Error {
  readonly hint: string | undefined;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly digest: Digest | undefined;
  readonly status: number | undefined;

  constructor(
    readonly code: OciErrorCode,
    details: OciErrorDetails,
  ) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'OciError';
    this.hint = details.hint;
    this.expected = details.expected;
    this.found = details.found;
    this.digest = details.digest;
    this.status = details.status;
  }
}

export function hasCode(error: unknown, ...codes: OciErrorCode[]): error is OciError {
  return error instanceof OciError && codes.includes(error.code);
}
