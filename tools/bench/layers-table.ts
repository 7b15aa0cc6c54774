import { comparedCells, type LoopRow } from './loop-table';

export type LayersRow = Omit<LoopRow, 'through'>;

export interface LayersReport {
  machine: string;
  rounds: number;
  rows: LayersRow[];
  /** Of the folder of packages, where each has one. */
  layers: number;
}

/** Ratios to a layer a COPY in the same scenario. */
export function layersPage({ machine, rounds, rows, layers }: LayersReport): string {
  const lines = rows.map((row) => {
    const plain = rows.find(
      ({ scenario, way }) => scenario === row.scenario && way === 'a layer a COPY',
    )!;
    return `| ${[row.scenario, row.way, ...comparedCells(row, plain)].join(' | ')} |`;
  });
  return `# A layer a package beside a layer a COPY

Made by \`npx nx run bench:layers\` on ${machine}. A folder of 70 Python packages, 42 MB, that do not compress, copied from a stage: one layer, or ${layers}. Wall and CPU time are medians of ${rounds} rounds as ratios to a layer a COPY, start of Nx included; the ways take turns, in one run. The last column is how far the rounds lie from their median. The single values are in layers.json.

| scenario | way | wall | CPU | spread |
| --- | --- | --: | --: | --: |
${lines.join('\n')}
`;
}
