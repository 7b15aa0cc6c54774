import type { Outcome } from '../run';

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
