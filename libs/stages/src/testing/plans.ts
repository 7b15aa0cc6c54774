import type { PlanFile, StagePlan } from '@excel2doc/dockerfile';

/** A plan of these instructions on `rust`. @param files digests by path */
export function planOf(lines: string[], files: Record<string, string> = {}): StagePlan {
  return {
    platform: 'linux/amd64',
    output: { kind: 'image' },
    base: { kind: 'image', reference: 'rust', digest: 'sha256:1' },
    instructions: lines.map((text) => ({ keyword: text.split(' ')[0] as 'RUN', text })),
    args: {},
    stages: [],
    images: [],
    files: Object.entries(files).map(([path, digest]): PlanFile => ({
      type: 'file',
      mode: '0644',
      path,
      digest,
    })),
    wholeContext: [],
    uncacheable: [],
  };
}
