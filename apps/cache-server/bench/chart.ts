import { goals, type BenchResult } from './report';

const row = 22;
const left = 150;
const width = 420;

/** Each ratio to the peer as a bar, with its goal as a mark. Readable on light and dark pages. */
export function chart({ rows }: BenchResult): string {
  const measured = rows.filter(({ ofSyncing }) => ofSyncing !== null);
  const widest = Math.max(2.2, ...measured.map(({ ofSyncing }) => ofSyncing!));
  const x = (ratio: number) => left + (ratio / widest) * width;
  const bars = measured.map(({ method, size, clients, ofSyncing }, at) => {
    const y = 34 + at * row;
    const [ratio, goal] = [ofSyncing!, goals[method]];
    const mark = x(goal).toFixed(1);
    return `
  <text x="${left - 8}" y="${y + 12}" text-anchor="end">${method} ${size} × ${clients}</text>
  <rect x="${left}" y="${y}" width="${(x(ratio) - left).toFixed(1)}" height="${row - 6}" rx="3" fill="${ratio >= goal ? '#2f9e72' : '#d9822b'}"/>
  <line x1="${mark}" x2="${mark}" y1="${y - 2}" y2="${y + row - 4}" stroke="#7a7f87" stroke-width="2"/>
  <text x="${(x(ratio) + 6).toFixed(1)}" y="${y + 12}">${ratio.toFixed(2)}</text>`;
  });
  const height = 44 + measured.length * row;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 60} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#7a7f87" role="img" aria-label="Throughput relative to the peer">
  <text x="${left}" y="18" font-weight="600">Throughput relative to turborepo-remote-cache that syncs (the mark is the goal)</text>${bars.join('')}
</svg>
`;
}
