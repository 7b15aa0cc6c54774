/** What the bearer of a token may do. */
export interface Grant {
  /** Who: a static token's name, or an identity token's subject. Never the token itself. */
  subject: string;
  /** The only scope that it writes to. */
  scope: string;
  /** Whether its scope is a trusted one. */
  isTrusted: boolean;
  /** The scopes it reads, in order. */
  reads: readonly string[];
  writes: boolean;
}
