import { median } from './loop-table';

/** What one way took in one scenario, a value a round. */
export interface LayersRow {
  scenario: string;
  way: string;
  wallMs: number[];
  cpuMs: number[];
}

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
    const ratio = (key: 'wallMs' | 'cpuMs') => (median(row[key]) / median(plain[key])).toFixed(2);
    const middle = median(row.wallMs);
    const spread = `${(Math.min(...row.wallMs) / middle).toFixed(2)} to ${(Math.max(...row.wallMs) / middle).toFixed(2)}`;
    return `| ${row.scenario} | ${row.way} | ${ratio('wallMs')} | ${ratio('cpuMs')} | ${spread} |`;
  });
  return `# A layer a package beside a layer a COPY

Made by \`npx nx run bench:layers\` on ${machine}. A folder of 70 Python packages, 42 MB, that do not compress, copied from a stage: one layer, or ${layers}. Wall and CPU time are medians of ${rounds} rounds as ratios to a layer a COPY, start of Nx included; the ways take turns, in one run. The last column is how far the rounds lie from their median. The single values are in layers.json.

| scenario | way | wall | CPU | spread |
| --- | --- | --: | --: | --: |
${lines.join('\n')}
`;
}
