import { bytesText, durationText } from '@excel2doc/oci';
import { svgGraph } from '@excel2doc/dockerfile';
import { type Report, median } from '../report';
import { Markup, markup } from './markup';
import { STYLE } from './style';
import { historyTable, layerTable, stageTable, transferTable, waterfall } from './tables';
import { timeText } from './text';

/** The report as one HTML file, which loads nothing and runs nothing. */
export function reportPage(report: Report): string {
  const { project, run, graph, layers } = report;
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${project}: image build ${timeText(run.at)}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body><main>
<header><h1>${project}: image build</h1><p class="soft"><time datetime="${run.at}">${timeText(run.at)}</time>${run.commit ? markup`, commit <code>${run.commit}</code>` : ''}, <code>${run.command}</code></p></header>
${cards(report)}
${section('graph', 'Stages', [...drawn(graph), scrolled('Stages', stageTable(report.stages))])}
${section('waterfall', 'Times', scrolled('Times', waterfall(report)))}
${layers.length > 0 ? section('layers', 'Size by layer', scrolled('Layers', layerTable(layers))) : ''}
${section('transfers', 'Sent and fetched', scrolled('Sent and fetched', transferTable(report.transfers)))}
${section('history', 'Compared with earlier runs', scrolled('Earlier runs', historyTable(report.history)))}
</main></body>
</html>
`;
  return page.text;
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

function cards({ totals, transfers, history }: Report): Markup {
  const before = history.slice(0, -1);
  const usualMs = median(before.map(({ durationMs }) => durationMs));
  const lastBytes = before.findLast(({ imageBytes }) => imageBytes !== undefined)?.imageBytes;
  const { hits, rebuilt, failed, savedMs, imageBytes } = totals;
  const sent = transfers[0]?.bytes;
  const card = (title: string, value: string, note: string) =>
    markup`<div class="card"><dt>${title}</dt><dd><b>${value}</b><span class="soft">${note}</span></dd></div>`;
  return markup`<dl class="cards">
${card('Time', durationText(totals.durationMs), usualMs === undefined ? 'first run that was kept' : `median of the last ${before.length}: ${durationText(usualMs)}`)}
${card('Stages from the cache', `${hits} of ${hits + rebuilt + failed}`, savedMs === undefined ? 'time saved: not known yet' : `about ${durationText(savedMs)} saved`)}
${card('Image', imageBytes === undefined ? '–' : bytesText(imageBytes), growth(imageBytes, lastBytes))}
${card('Sent to the engine', sent === undefined ? '–' : bytesText(sent), failed > 0 ? `${failed} failed` : 'layers it lacked')}
</dl>`;
}

function growth(nowBytes: number | undefined, lastBytes: number | undefined): string {
  if (nowBytes === undefined || lastBytes === undefined) return 'compressed';
  const difference = nowBytes - lastBytes;
  if (difference === 0) return 'as large as last time';
  const sign = difference > 0 ? '+' : '−';
  return `${sign}${bytesText(Math.abs(difference))} since the last run`;
}
