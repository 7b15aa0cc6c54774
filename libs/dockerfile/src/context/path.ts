import { cleanPath } from '@excel2doc/go-text';

/** A path of the build context without `./`, `..` above the root, or slashes around it; '' is the root. */
export function contextPath(path: string): string {
  return cleanPath(`/${path}`).slice(1);
}
