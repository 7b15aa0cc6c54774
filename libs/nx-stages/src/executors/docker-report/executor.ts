import { appendFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { ExecutorContext, Task } from '@nx/devkit';
import { replaceFile } from '@excel2doc/oci';
import {
  readRuns,
  reportOf,
  reportPage,
  reportUrl,
  runsFolder,
  summaryMarkdown,
  wholeMarkdown,
  wholePage,
  wholeReportOf,
} from '@excel2doc/build-report';
import { dockerTarget, homeOf, outputRoot, StagesError } from '@excel2doc/stages';
import { optionsOf, taskOf } from '../docker-plan/plan-project';
import { projectOf } from '../project';
import { report } from '../report';
import { knownImage, knownImages, REPORT_EXECUTOR, type ReportedStages } from './known-images';

interface Options extends ReportedStages {
  whole: boolean;
  output?: string;
  link?: string;
  summary?: string;
  optional: boolean;
}

/** A report, whatever it is of. */
interface Written {
  /** ISO 8601: of the run. */
  at: string;
  page: string;
  summary(link: { text: string; url?: string }): string;
  /** Where it goes where nobody says, relative to the workspace. */
  file: string;
}

/** Writes the report of the last run that made this project's image, or of the last one over all. */
export default function dockerReport(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { root } = context;
    const written = await (options.whole ? wholeOf(context) : ownOf(options, context));
    if (!written && options.optional) return;
    if (!written) throw noRunKept(options, context);
    const file = resolve(root, options.output ?? written.file);
    await replaceFile(file, written.page);
    const path = relative(root, file);
    process.stdout.write(`Report of ${written.at}: ${path}\n`);
    const summary = summaryOf(options);
    if (!summary) return;
    const writer = options.whole ? summaryWriter(options, context) : undefined;
    if (writer !== undefined) {
      process.stdout.write(`Its summary is left to ${writer}\n`);
      return;
    }
    const url = reportUrl(options.link, process.env);
    const text = written.summary({ text: path, ...(url !== undefined && { url }) });
    await appendFile(resolve(root, summary), text);
  });
}

const summaryOf = ({ summary }: Pick<Options, 'summary'>) =>
  summary ?? process.env['GITHUB_STEP_SUMMARY'];

/**
 * `run-many --whole` has a task a project, and all have the same to add to one file: the first does.
 *
 * @returns its id; undefined where it is this task
 */
function summaryWriter(options: Options, context: ExecutorContext): string | undefined {
  const own = taskOf(context)?.id;
  if (own === undefined) return undefined;
  const ids = Object.values(context.taskGraph?.tasks ?? {}).flatMap((task) => {
    const other = optionsOf(task, context) as Partial<Options>;
    const isSame = other.whole && summaryOf(other) === summaryOf(options);
    return isSame && isReport(task, context) ? [task.id] : [];
  });
  const [first] = [own, ...ids].sort();
  return first === own ? undefined : first;
}

function isReport({ target }: Task, { projectsConfigurations }: ExecutorContext): boolean {
  const found = projectsConfigurations?.projects[target.project]?.targets?.[target.target];
  return found?.executor === REPORT_EXECUTOR;
}

async function ownOf(options: Options, context: ExecutorContext): Promise<Written | undefined> {
  const { root, projectName: project = '' } = context;
  const { folder } = projectOf(context);
  const image = await knownImage(root, { project, folder }, options);
  const found = reportOf(readRuns(runsFolder(root)), project, image);
  return (
    found && {
      at: found.run.at,
      page: reportPage(found),
      summary: (link) => summaryMarkdown(found, link),
      file: join(outputRoot(homeOf(folder, options.variant)), 'report.html'),
    }
  );
}

async function wholeOf({
  root,
  projectsConfigurations,
}: ExecutorContext): Promise<Written | undefined> {
  const images = await knownImages(root, projectsConfigurations);
  const found = wholeReportOf(readRuns(runsFolder(root)), images);
  return (
    found && {
      at: found.run.at,
      page: wholePage(found),
      summary: (link) => wholeMarkdown(found, link),
      file: join('dist', 'docker-report.html'),
    }
  );
}

function noRunKept({ whole, variant }: Options, { projectName = '' }: ExecutorContext) {
  const command = `nx run ${projectName}:${dockerTarget('build', variant)}`;
  return new StagesError('NO_RUN_KEPT', {
    message: whole
      ? 'No run that built an image is kept'
      : `${projectName}: no run that built its image is kept`,
    hint: `Run \`${whole ? 'nx run-many -t docker-build' : command}\` first; Nx forgets the runs at \`nx reset\``,
  });
}
