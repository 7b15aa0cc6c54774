import { bytesText, durationText } from '@excel2doc/oci';
import { svgGraph } from '@excel2doc/dockerfile';
import { type HistoryRow, type Report, median } from '../report';
import type { RunRecord } from '../run';
import type { WholeReport } from '../whole';
import { Markup, markup, type Part } from './markup';
import { STYLE } from './style';
import {
  chainTable,
  historyTable,
  imageTable,
  layerTable,
  sharedTable,
  stageTable,
  transferTable,
  waterfall,
} from './tables';
import { cachedText, failuresText, imagesText, missingText, timeText } from './text';

/** The report as one HTML file, which loads nothing and runs nothing. */
export function reportPage(report: Report): string {
  const { project, run, graph, layers } = report;
  return page(`${project}: image build`, run, [
    cards(report),
    section('graph', 'Stages', [...drawn(graph), scrolled('Stages', stageTable(report.stages))]),
    section('waterfall', 'Times', scrolled('Times', waterfall(report))),
    layers.length > 0
      ? section('layers', 'Size by layer', scrolled('Layers', layerTable(layers)))
      : '',
    ...movements(report, ''),
  ]);
}

/** The report of a run over many images, in the same form. */
export function wholePage(report: WholeReport): string {
  const { run, images, sharing, chain } = report;
  return page('Images of the last run', run, [
    wholeCards(report),
    section('images', 'Images', scrolled('Images', imageTable(images))),
    sharing.layers.length > 0
      ? section('sharing', 'Shared layers', scrolled('Shared layers', sharedTable(sharing)))
      : '',
    chain.length > 0
      ? section(
          'chain',
          'The slowest chain of stages',
          scrolled('Slowest chain of stages', chainTable(chain)),
        )
      : '',
    section('waterfall', 'Times', scrolled('Times', waterfall(report))),
    ...movements(report, ' over these images'),
  ]);
}

function page(title: string, { at, commit, command }: RunRecord, body: Part[]): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} ${timeText(at)}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body><main>
<header><h1>${title}</h1><p class="soft"><time datetime="${at}">${timeText(at)}</time>${commit ? markup`, commit <code>${commit}</code>` : ''}, <code>${command}</code></p></header>
${body}
</main></body>
</html>
`.text;
}

/** What went where, and how it was before. */
function movements({ transfers, history }: Pick<Report, 'transfers' | 'history'>, same: string) {
  return [
    section('transfers', 'Sent and fetched', scrolled('Sent and fetched', transferTable(transfers))), // prettier-ignore
    section('history', 'Compared with earlier runs', scrolled('Earlier runs', historyTable(history, same))), // prettier-ignore
  ];
}

function drawn(graph: Report['graph']): Markup[] {
  return graph.length > 0 ? [scrolled('Stage graph', new Markup(svgGraph(graph)))] : [];
}

function section(id: string, title: string, body: Markup | Markup[]): Markup {
  return markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${body}</section>`;
}

/** What may be wider than the window is scrolled in its box, by keyboard too. */
function scrolled(label: string, body: Markup): Markup {
  return markup`<div class="scroll" role="group" aria-label="${label}" tabindex="0">${body}</div>`;
}

const card = (title: string, value: string, note: string) =>
  markup`<div class="card"><dt>${title}</dt><dd><b>${value}</b><span class="soft">${note}</span></dd></div>`;

/** The time against that of the runs before, and what came from the caches. */
function commonCards(
  { totals }: Pick<Report, 'totals'>,
  before: readonly HistoryRow[],
  words: { none: string; of: string },
): [Markup, Markup] {
  const usualMs = median(before.map(({ durationMs }) => durationMs));
  const { savedMs } = totals;
  return [
    card('Time', durationText(totals.durationMs), usualMs === undefined ? words.none : `median of the last ${before.length}${words.of}: ${durationText(usualMs)}`),
    card('Stages from the cache', cachedText(totals), savedMs === undefined ? 'time saved: not known yet' : `about ${durationText(savedMs)} saved, of stages, not of the run`),
  ]; // prettier-ignore
}

function wholeCards(report: WholeReport): Markup {
  const { images, sharing } = report;
  // One that stopped half way says nothing of how long all of them take.
  const before = report.history.slice(0, -1).filter((row) => row.images === images.length);
  const words = { none: 'no run before is kept that made all of these', of: ' that made all of these' }; // prettier-ignore
  const [time, cache] = commonCards(report, before, words);
  const savedBytes = sharing.bytes - sharing.keptBytes;
  return markup`<dl class="cards">
${time}
${cache}
${card('Images', String(images.length), missingText(images) || 'none failed')}
${card('Saved by shared layers', sharing.images === 0 ? '–' : bytesText(savedBytes), sharing.images === 0 ? 'no image of the run lies here' : `of ${bytesText(sharing.bytes)} of ${imagesText(sharing.images)}`)}
</dl>`;
}

function cards(report: Report): Markup {
  const { totals, transfers, history } = report;
  const before = history.slice(0, -1);
  const lastBytes = before.findLast(({ imageBytes }) => imageBytes !== undefined)?.imageBytes;
  const { imageBytes } = totals;
  const sent = transfers[0]?.bytes;
  return markup`<dl class="cards">
${commonCards(report, before, { none: 'first run that was kept', of: '' })}
${card('Image', imageBytes === undefined ? '–' : bytesText(imageBytes), growth(imageBytes, lastBytes))}
${card('Sent to the engine', sent === undefined ? '–' : bytesText(sent), failuresText(totals) || 'layers it lacked')}
</dl>`;
}

function growth(nowBytes: number | undefined, lastBytes: number | undefined): string {
  if (nowBytes === undefined || lastBytes === undefined) return 'compressed';
  const difference = nowBytes - lastBytes;
  if (difference === 0) return 'as large as last time';
  const sign = difference > 0 ? '+' : '−';
  return `${sign}${bytesText(Math.abs(difference))} since the last run`;
}
