import type { PlanFile } from '@excel2doc/dockerfile';

/** A file of a plan as it is put into a layer. */
export function contextFile(file: PlanFile) {
  const { path, type, mode } = file;
  // A requirements file has the digest of its meaning, which its bytes do not have.
  const isExact = file.type === 'file' && file.by === undefined;
  return { path, type, ...(mode !== '' && { mode }), ...(isExact && { digest: file.digest }) };
}
