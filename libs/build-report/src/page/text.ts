import { bytesText } from '@excel2doc/oci';
import type { Totals } from '../report';
import type { Outcome } from '../run';
import type { ImageRow, Sharing } from '../whole';

/** `2026-11-24 10:14 UTC` */
export function timeText(at: string): string {
  return `${at.slice(0, 16).replace('T', ' ')} UTC`;
}

/** A sign as well as a word: colour alone says nothing to some readers. */
export const OUTCOME_TEXT: Record<Outcome, { sign: string; word: string; style: string }> = {
  'local-hit': { sign: '●', word: 'hit', style: 'hit' },
  'remote-hit': { sign: '●', word: 'hit, remote cache', style: 'hit' },
  built: { sign: '▲', word: 'ran', style: 'rebuild' },
  failed: { sign: '✕', word: 'failed', style: 'failed' },
  skipped: { sign: '–', word: 'skipped', style: 'skipped' },
};

/** Of a stage: what ran is a stage that was built. */
export function stageWord(outcome: Outcome): string {
  return outcome === 'built' ? 'built' : OUTCOME_TEXT[outcome].word;
}

/** Of an image: it is built where its last stage was. */
export function imageWord({ outcome, failed }: ImageRow): string {
  if (outcome === 'skipped') return 'not come to';
  return outcome === 'failed' ? `failed: ${failed.join(', ')}` : stageWord(outcome);
}

export const imagesText = (count: number) => `${count} ${count === 1 ? 'image' : 'images'}`;

/** How many of a run's images are not there, and why; empty where all are. */
export function missingText(images: readonly ImageRow[]): string {
  const count = (wanted: Outcome) => images.filter(({ outcome }) => outcome === wanted).length;
  return listed([
    [count('failed'), 'failed'],
    [count('skipped'), 'not come to'],
  ]);
}

/** `4 of 6`: of the stages that were come to, those that a cache had. */
export const cachedText = ({
  hits,
  rebuilt,
  failed,
}: Pick<Totals, 'hits' | 'rebuilt' | 'failed'>) => `${hits} of ${hits + rebuilt + failed}`;

/** What failed of stages, and of what brings images to engines and registries; empty where nothing did. */
export function failuresText({ failed, movesFailed }: Pick<Totals, 'failed' | 'movesFailed'>) {
  return listed([
    [failed, 'failed'],
    [movesFailed, movesFailed === 1 ? 'load or push failed' : 'loads or pushes failed'],
  ]);
}

/** What images weigh, and what sharing makes of that. */
export function sharedText({ images, bytes, keptBytes }: Sharing): string {
  return `${imagesText(images)} of ${bytesText(bytes)} in all are ${bytesText(keptBytes)} where each layer is kept once`;
}

function listed(counts: readonly (readonly [count: number, what: string])[]): string {
  const found = counts.filter(([count]) => count > 0);
  return found.map(([count, what]) => `${count} ${what}`).join(', ');
}
