import { bytesText, durationText } from '@excel2doc/oci';
import type { HistoryRow, LayerRow, Report, StageRow, TransferRow } from '../report';
import type { Outcome, TaskRecord } from '../run';
import type { ImageRow, Sharing } from '../whole';
import { type Markup, markup } from './markup';
import {
  failuresText,
  imagesText,
  imageWord,
  OUTCOME_TEXT,
  sharedText,
  stageWord,
  timeText,
} from './text';

/** A bar from `start` to `start + length`, both shares of the whole. */
function bar(start: number, length: number, style: string): Markup {
  const left = Math.min(start, 0.995) * 1000;
  const width = Math.max(4, Math.min(length * 1000, 1000 - left));
  return markup`<svg viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="1000" height="12"/><rect class="${style}" x="${left.toFixed(1)}" width="${width.toFixed(1)}" height="12"/></svg>`;
}

function mark(outcome: Outcome, word = OUTCOME_TEXT[outcome].word): Markup {
  const { sign, style } = OUTCOME_TEXT[outcome];
  return markup`<span class="mark ${style}"><span aria-hidden="true">${sign}</span> ${word}</span>`;
}

const size = (bytes: number | undefined) => (bytes === undefined ? '–' : bytesText(bytes));
const time = (ms: number | undefined) => (ms === undefined ? '–' : durationText(ms));
const short = (digest: string) => digest.replace('sha256:', '').slice(0, 12);

/** When each task of the run started and how long it took. */
export function waterfall({ run }: Pick<Report, 'run'>): Markup {
  const wholeMs = Math.max(1, run.durationMs);
  const rows = run.tasks.map(({ id, outcome, startMs, durationMs }) => {
    const { style } = OUTCOME_TEXT[outcome];
    const drawn = bar(startMs / wholeMs, durationMs / wholeMs, style);
    return markup`<tr><th scope="row"><code>${id}</code></th><td>${mark(outcome)}</td><td class="n">${durationText(startMs)}</td><td class="n">${durationText(durationMs)}</td><td class="bar">${drawn}</td></tr>`;
  });
  const omitted = run.omitted > 0 ? `; ${run.omitted} shorter ones are left out` : '';
  return markup`<table><caption>${run.tasks.length} tasks in ${durationText(run.durationMs)}${omitted}</caption><thead><tr><th scope="col">Task</th><th scope="col">State</th><th scope="col" class="n">Start</th><th scope="col" class="n">Time</th><th scope="col">When</th></tr></thead><tbody>${rows}</tbody></table>`;
}

export function stageTable(stages: readonly StageRow[]): Markup {
  const rows = stages.map(
    ({ target, outcome, durationMs, usualMs, ownSizeBytes, digest }) =>
      markup`<tr><th scope="row"><code>${target}</code></th><td>${mark(outcome, stageWord(outcome))}</td><td class="n">${durationText(durationMs)}</td><td class="n">${time(usualMs)}</td><td class="n">${size(ownSizeBytes)}</td><td><code>${digest ? short(digest) : '–'}</code></td></tr>`,
  );
  return markup`<table><caption>“Usual” is the median of the earlier runs that built the stage</caption><thead><tr><th scope="col">Stage</th><th scope="col">State</th><th scope="col" class="n">Time</th><th scope="col" class="n">Usual</th><th scope="col" class="n">Adds</th><th scope="col">Digest</th></tr></thead><tbody>${rows}</tbody></table>`;
}

export function layerTable(layers: readonly LayerRow[]): Markup {
  const wholeBytes = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const rows = layers.map(
    ({ digest, sizeBytes, from, made }, at) =>
      markup`<tr><td class="n">${at + 1}</td><th scope="row"><code>${made || short(digest)}</code></th><td>${from === 'self' ? 'the stage itself' : from}</td><td class="n">${bytesText(sizeBytes)}</td><td class="bar">${bar(0, sizeBytes / Math.max(1, wholeBytes), 'fill')}</td></tr>`,
  );
  return markup`<table><caption>${bytesText(wholeBytes)} compressed, the lowest layer first</caption><thead><tr><th scope="col" class="n">#</th><th scope="col">Made by</th><th scope="col">From</th><th scope="col" class="n">Size</th><th scope="col">Share</th></tr></thead><tbody>${rows}</tbody></table>`;
}

export function transferTable(transfers: readonly TransferRow[]): Markup {
  const rows = transfers.map(
    ({ what, bytes, note }) =>
      markup`<tr><th scope="row">${what}</th><td class="n">${bytes === undefined ? 'not known' : bytesText(bytes)}</td><td class="soft">${note}</td></tr>`,
  );
  return markup`<table><thead><tr><th scope="col">What</th><th scope="col" class="n">Size</th><th scope="col">Which</th></tr></thead><tbody>${rows}</tbody></table>`;
}

/** Of a run over many: what each image came to. */
export function imageTable(images: readonly ImageRow[]): Markup {
  const longestMs = Math.max(1, ...images.map(({ durationMs }) => durationMs));
  const several = images.some(({ platforms }) => platforms > 1)
    ? '; of an image for several platforms one counts in all sizes'
    : '';
  const rows = images.map((row) => {
    const { name, outcome, hits, rebuilt, durationMs, imageBytes } = row;
    const drawn = bar(0, durationMs / longestMs, OUTCOME_TEXT[outcome].style);
    return markup`<tr><th scope="row"><code>${name}</code></th><td>${mark(outcome, imageWord(row))}</td><td>${hits} hit, ${rebuilt} built</td><td class="n">${size(imageBytes)}</td><td class="n">${durationText(durationMs)}</td><td class="bar">${drawn}</td></tr>`;
  });
  return markup`<table><caption>The time is that of its stages, one after the other; an image is built where its last stage was${several}</caption><thead><tr><th scope="col">Image</th><th scope="col">State</th><th scope="col">Stages</th><th scope="col" class="n">Size</th><th scope="col" class="n">Time</th><th scope="col">Beside the longest</th></tr></thead><tbody>${rows}</tbody></table>`;
}

const MOST_LAYERS = 12;

export function sharedTable(sharing: Sharing): Markup {
  const { layers } = sharing;
  const rows = layers.slice(0, MOST_LAYERS).map(({ digest, sizeBytes, images: count }) => {
    const saved = sizeBytes * (count - 1);
    return markup`<tr><th scope="row"><code>${short(digest)}</code></th><td class="n">${bytesText(sizeBytes)}</td><td class="n">${count}</td><td class="n">${bytesText(saved)}</td></tr>`;
  });
  const more =
    layers.length > MOST_LAYERS ? `; ${layers.length - MOST_LAYERS} more are shared` : '';
  return markup`<table><caption>${sharedText(sharing)}${more}</caption><thead><tr><th scope="col">Layer</th><th scope="col" class="n">Size</th><th scope="col" class="n">Images</th><th scope="col" class="n">Saves</th></tr></thead><tbody>${rows}</tbody></table>`;
}

/** Stages of which each waited for the one before. */
export function chainTable(chain: readonly TaskRecord[]): Markup {
  const wholeMs = chain.reduce((sum, { durationMs }) => sum + durationMs, 0);
  let startMs = 0;
  const rows = chain.map(({ id, outcome, durationMs }) => {
    const drawn = bar(startMs / Math.max(1, wholeMs), durationMs / Math.max(1, wholeMs), OUTCOME_TEXT[outcome].style); // prettier-ignore
    startMs += durationMs;
    return markup`<tr><th scope="row"><code>${id}</code></th><td>${mark(outcome)}</td><td class="n">${durationText(durationMs)}</td><td class="bar">${drawn}</td></tr>`;
  });
  return markup`<table><caption>${durationText(wholeMs)} in all, without what else was waited for</caption><thead><tr><th scope="col">Task</th><th scope="col">State</th><th scope="col" class="n">Time</th><th scope="col">Part</th></tr></thead><tbody>${rows}</tbody></table>`;
}

/** @param same what the runs have in common: `over the same images`, or nothing where that is plain */
export function historyTable(
  history: readonly (HistoryRow & { images?: number })[],
  same: string,
): Markup {
  const longestMs = Math.max(1, ...history.map(({ durationMs }) => durationMs));
  const rows = history.map((row, at) => {
    const { durationMs, hits, rebuilt, imageBytes, sentBytes, commit } = row;
    const failures = failuresText(row);
    const style = failures ? 'failed' : rebuilt > 0 ? 'rebuild' : 'hit';
    const images = row.images === undefined ? '' : `${imagesText(row.images)}: `;
    const states = `${images}${hits} hit, ${rebuilt} built${failures && `, ${failures}`}`;
    const last = at === history.length - 1;
    return markup`<tr${last ? markup` class="this" aria-current="true"` : ''}><th scope="row">${timeText(row.at)}${last ? ' (this run)' : ''}</th><td><code>${commit ?? '–'}</code></td><td>${states}</td><td class="n">${size(imageBytes)}</td><td class="n">${bytesText(sentBytes)}</td><td class="n">${durationText(durationMs)}</td><td class="bar">${bar(0, durationMs / longestMs, style)}</td></tr>`;
  });
  return markup`<table><caption>${history.length > 1 ? `Against the last ${history.length - 1}${same}` : `Nothing to compare with yet: this is the first run${same} that was kept`}</caption><thead><tr><th scope="col">Run</th><th scope="col">Commit</th><th scope="col">Stages</th><th scope="col" class="n">Image</th><th scope="col" class="n">To the engine</th><th scope="col" class="n">Time</th><th scope="col">Beside the longest</th></tr></thead><tbody>${rows}</tbody></table>`;
}
