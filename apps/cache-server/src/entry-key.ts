/** Where an entry lives. The same hash may exist in several scopes, with different content. */
export interface EntryKey {
  scope: string;
  /** Nx's task hash: 64 bits as text, no digest of the content. */
  hash: string;
}

const hash = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const scope = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;

/** Nx's hashes are decimal today; other URL-safe words are let through, as its format may change. */
export function isHash(text: string): boolean {
  return hash.test(text);
}

/** Lower case, so that two scopes never share a folder on a file system that ignores case. */
export function isScopeName(text: string): boolean {
  return scope.test(text) && !text.includes('..');
}

export function keyText({ scope, hash }: EntryKey): string {
  return `${scope}/${hash}`;
}

/** The header by which our server says what came of an upload. */
export const outcomeHeader = 'x-excel2doc-cache';
