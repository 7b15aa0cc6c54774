import { bytesText, durationText } from '@excel2doc/oci';
import { mermaidGraph } from '@excel2doc/dockerfile';
import {
  cachedText,
  failuresText,
  imagesText,
  imageWord,
  missingText,
  OUTCOME_TEXT,
  sharedText,
  stageWord,
} from './page/text';
import type { Report } from './report';
import type { Outcome } from './run';
import type { ImageRow, WholeReport } from './whole';

/** What a CI job's summary shows: the essentials as Markdown, and where the whole report is. */
export function summaryMarkdown(report: Report, link: Link): string {
  const { project, totals, stages, graph } = report;
  const { imageBytes, durationMs } = totals;
  const rows = stages.map(({ target, outcome, durationMs: ms, ownSizeBytes }) => {
    const { sign } = OUTCOME_TEXT[outcome];
    const size = ownSizeBytes === undefined ? '–' : bytesText(ownSizeBytes);
    return `| \`${target}\` | ${sign} ${stageWord(outcome)} | ${durationText(ms)} | ${size} |`;
  });
  const failures = failuresText(totals);
  const image = imageBytes === undefined ? '' : `, image ${bytesText(imageBytes)}`;
  return [
    `### ${project}: image build`,
    '',
    `${cachedText(totals)} stages from the cache, ${durationText(durationMs)}${image}${failures && `, ${failures}`}. ${linked(link)}`,
    '',
    '| stage | state | time | adds |',
    '| --- | --- | --- | --- |',
    ...rows,
    ...(graph.length > 0 ? ['', '```mermaid', mermaidGraph(graph).trimEnd(), '```'] : []),
    '',
    '',
  ].join('\n');
}

/** So many images of a run are named in a summary; the page has all. */
const MOST_IMAGES = 20;

const RANKED: Outcome[] = ['failed', 'skipped', 'built', 'remote-hit', 'local-hit'];
const rank = ({ outcome }: ImageRow) => RANKED.indexOf(outcome);

/** What a pull request is told of a run over many images: those that failed come first, hits last. */
export function wholeMarkdown(report: WholeReport, link: Link): string {
  const { totals, images, sharing, chain, transfers } = report;
  const named = [...images].sort((one, other) => rank(one) - rank(other));
  const rows = named.slice(0, MOST_IMAGES).map((row) => {
    const size = row.imageBytes === undefined ? '–' : bytesText(row.imageBytes);
    const state = `${OUTCOME_TEXT[row.outcome].sign} ${imageWord(row)}`;
    return `| \`${row.name}\` | ${state} | ${row.hits} of ${row.stages} | ${durationText(row.durationMs)} | ${size} |`;
  });
  const missing = missingText(images);
  const more = named.length - rows.length;
  const chainMs = chain.reduce((sum, task) => sum + task.durationMs, 0);
  const facts = [
    `${cachedText(totals)} stages from the cache, ${durationText(totals.durationMs)}. ${linked(link)}`,
    sharing.layers.length > 0 && `${sharedText(sharing)}.`,
    chain.length > 0 &&
      `Slowest chain of stages, ${durationText(chainMs)}: ${chain.map(({ id }) => `\`${id}\``).join(' → ')}.`,
    ...transfers.flatMap(({ what, bytes }) => (bytes ? `${what}: ${bytesText(bytes)}.` : [])),
  ].filter((line) => line !== false);
  return [
    `### ${imagesText(images.length)}${missing && `, ${missing}`}`,
    '',
    ...facts.flatMap((line) => [line, '']),
    '| image | state | stages from the cache | time | size |',
    '| --- | --- | --: | --: | --: |',
    ...rows,
    ...(more > 0 ? ['', `${more} more are in the report.`] : []),
    '',
    '',
  ].join('\n');
}

interface Link {
  text: string;
  url?: string;
}

const linked = ({ url, text }: Link) =>
  url === undefined ? `Report: \`${text}\`` : `[Report](${url}): \`${text}\``;

/**
 * Where the report can be had from: `link`, or the page of this GitHub Actions run, which lists what
 * the job uploaded.
 */
export function reportUrl(link: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  if (link) return link;
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name, GITHUB_RUN_ID: id } = env;
  return server && name && id ? `${server}/${name}/actions/runs/${id}#artifacts` : undefined;
}
