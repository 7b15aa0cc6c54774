import type { Dockerfile } from '../src/dockerfile';

/**
 * Whether stages need each other in a circle, FROM counted in. BuildKit 0.13 runs out of stack there,
 * and takes whoever asks with it.
 */
export function hasCircle({ stages }: Dockerfile): boolean {
  const byName = (name: string) =>
    /^\d+$/.test(name)
      ? Number(name)
      : stages.findLastIndex(
          ({ declaredName }) => declaredName !== '' && declaredName === name.toLowerCase(),
        );
  const edges = stages.map(({ from, instructions, index }) => {
    const base = stages
      .slice(0, index)
      .findLastIndex(({ declaredName }) => declaredName !== '' && declaredName === from.image);
    const read = instructions.flatMap((instruction) => {
      if (instruction.keyword === 'COPY') return instruction.from ? [byName(instruction.from)] : [];
      if (instruction.keyword !== 'RUN') return [];
      return instruction.mounts.flatMap((mount) => {
        const name = /(?:^|,)from=([^,]*)/i.exec(mount)?.[1];
        return name ? [byName(name)] : [];
      });
    });
    return [base, ...read].filter((at) => at >= 0 && at < stages.length);
  });
  const reaches = (from: number, to: number, seen = new Set<number>()): boolean =>
    edges[from]!.some((at) => at === to || (!seen.has(at) && reaches(at, to, seen.add(at))));
  return stages.some((_, index) => reaches(index, index));
}
