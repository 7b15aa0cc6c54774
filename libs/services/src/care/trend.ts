import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The size of an image at one build. */
export interface TrendPoint {
  /** ISO 8601. */
  at: string;
  stage: string;
  digest: string;
  sizeBytes: number;
}

/** One JSON object a line; a line that is none is passed over. */
export function parseTrend(text: string): TrendPoint[] {
  return text.split('\n').flatMap((line) => {
    try {
      const point = JSON.parse(line) as TrendPoint;
      return typeof point.sizeBytes === 'number' ? [point] : [];
    } catch {
      return [];
    }
  });
}

export async function readTrend(path: string): Promise<TrendPoint[]> {
  return parseTrend(await readFile(path, 'utf8').catch(() => ''));
}

/** Adds `point` unless it is the image that was seen last. @returns all points of its stage. */
export async function recordSize(path: string, point: TrendPoint): Promise<TrendPoint[]> {
  const points = (await readTrend(path)).filter(({ stage }) => stage === point.stage);
  if (points.at(-1)?.digest === point.digest) return points;
  await mkdir(dirname(path), { recursive: true });
  await appendFile(path, `${JSON.stringify(point)}\n`);
  return [...points, point];
}
