export interface Row {
  scenario: string;
  name: string;
  /** Median time over that of plain `docker buildx build --load` in the same run. */
  ratio: number;
  timesMs: number[];
}

/** @throws RangeError for no values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('no values');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** A Markdown page: ratios only, since bare times say more of the machine than of the code. */
export function table(rows: readonly Row[], rounds: number): string {
  const lines = rows.map(
    ({ scenario, name, ratio }) => `| ${scenario} | ${name} | ${ratio.toFixed(2)} |`,
  );
  return [
    '# Images: from a change to an image in the engine',
    '',
    `Median wall time of ${rounds} rounds, taken in turns in one run, as a ratio to \`docker buildx build --load\`. Made by \`npx nx run bench:images\`; the single times are in images.json.`,
    '',
    '| scenario | way | ratio |',
    '| --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
}
