import { bytesText, durationText } from '@excel2doc/oci';
import { mermaidGraph } from '@excel2doc/dockerfile';
import { OUTCOME_TEXT, stageWord } from './page/text';
import type { Report } from './report';

/** What a CI job's summary shows: the essentials as Markdown, and where the whole report is. */
export function summaryMarkdown(report: Report, link: { text: string; url?: string }): string {
  const { project, totals, stages, graph } = report;
  const { hits, rebuilt, failed, imageBytes, durationMs } = totals;
  const rows = stages.map(({ target, outcome, durationMs: ms, ownSizeBytes }) => {
    const { sign } = OUTCOME_TEXT[outcome];
    const size = ownSizeBytes === undefined ? '–' : bytesText(ownSizeBytes);
    return `| \`${target}\` | ${sign} ${stageWord(outcome)} | ${durationText(ms)} | ${size} |`;
  });
  const image = imageBytes === undefined ? '' : `, image ${bytesText(imageBytes)}`;
  return [
    `### ${project}: image build`,
    '',
    `${hits} of ${hits + rebuilt + failed} stages from the cache, ${durationText(durationMs)}${image}. ${
      link.url === undefined
        ? `Report: \`${link.text}\``
        : `[Report](${link.url}): \`${link.text}\``
    }`,
    '',
    '| stage | state | time | adds |',
    '| --- | --- | --- | --- |',
    ...rows,
    ...(graph.length > 0 ? ['', '```mermaid', mermaidGraph(graph).trimEnd(), '```'] : []),
    '',
    '',
  ].join('\n');
}

/**
 * Where the report can be had from: `link`, or the page of this GitHub Actions run, which lists what
 * the job uploaded.
 */
export function reportUrl(link: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  if (link) return link;
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name, GITHUB_RUN_ID: id } = env;
  return server && name && id ? `${server}/${name}/actions/runs/${id}#artifacts` : undefined;
}
