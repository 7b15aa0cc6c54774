import type { Row } from './table';

const height = 20;
const left = 330;
const width = 420;
/** Where a bar ends that would not fit; its number says how far it went. */
const widest = 3;

/** Each way's wall time as a bar, with plain buildx as a line. Readable on light and dark pages. */
export function chart(rows: readonly Row[]): string {
  const x = (ratio: number) => left + (Math.min(ratio, widest) / widest) * width;
  let y = 30;
  let group = '';
  const parts: string[] = [];
  for (const { workload, scenario, way, ratio } of rows) {
    const name = `${workload}: ${scenario}`;
    if (name !== group) {
      y += 12;
      parts.push(`<text x="12" y="${y + 12}" font-weight="600">${name}</text>`);
      y += height;
      group = name;
    }
    const fill = way.startsWith('ours') ? '#2f9e72' : '#7a8fb0';
    parts.push(
      `<text x="${left - 8}" y="${y + 12}" text-anchor="end">${way}</text>`,
      `<rect x="${left}" y="${y}" width="${(x(ratio.wall) - left).toFixed(1)}" height="${height - 5}" rx="3" fill="${fill}"/>`,
      `<text x="${(x(ratio.wall) + 6).toFixed(1)}" y="${y + 12}">${ratio.wall.toFixed(2)}</text>`,
    );
    y += height;
  }
  const one = x(1).toFixed(1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${left + width + 60} ${y + 14}" font-family="system-ui, sans-serif" font-size="12" fill="#7a7f87" role="img" aria-label="Wall time relative to docker buildx build --load">
  <text x="12" y="20" font-weight="600">Wall time, docker buildx build --load = 1 (the line)</text>
  <line x1="${one}" x2="${one}" y1="30" y2="${y}" stroke="#7a7f87" stroke-dasharray="3 3"/>
  ${parts.join('\n  ')}
</svg>
`;
}
