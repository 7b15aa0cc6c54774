import type { ExecutorContext } from '@nx/devkit';
import type { Compose } from '@excel2doc/engine';
import {
  askIndex,
  type ComposeOptions,
  type IndexAnswer,
  type Package,
  openCompose,
  parsePackages,
  unknownLines,
} from '@excel2doc/services';
import { printTable, StagesError } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions {
  service: string;
  index?: string;
  timeoutSeconds: number;
  audit: boolean;
  json: boolean;
}

/** Its own setting first, else pip's built-in one; the JSON API is on the same host. */
const PRINT_INDEX = [
  'import os',
  'from pip._internal.models.index import PyPI',
  'print(os.environ.get("PIP_INDEX_URL") or PyPI.simple_url)',
].join('\n');

async function indexOf(compose: Compose, service: string): Promise<string> {
  const { stdout } = await compose.exec(service, ['python', '-c', PRINT_INDEX], {
    isQuestion: true,
  });
  return stdout.trim().replace(/\/simple\/?$/, '');
}

/** The Python packages of a running container; newer versions and known holes where an index answers. */
export default function pipList(options: Options, context: ExecutorContext) {
  return report(async () => {
    const { compose } = await openCompose(options, projectOf(context));
    const command = ['python', '-m', 'pip', 'list', '--format=json', '--disable-pip-version-check'];
    const { exitCode, stdout, stderr } = await compose.exec(options.service, command, {
      isQuestion: true,
    });
    if (exitCode !== 0) {
      throw new StagesError('COMMAND_FAILED', {
        message: `pip list in ${options.service} failed: ${stderr.trim().split('\n').at(-1) ?? ''}`,
        hint: 'compose-ps shows whether the service runs',
      });
    }
    const packages = parsePackages(stdout);
    const index = options.index ?? (await indexOf(compose, options.service));
    const answers = options.audit
      ? await askIndex(index.replace(/\/$/, ''), packages, options.timeoutSeconds * 1000)
      : undefined;
    // What is not known has a reason instead.
    const rows: (Package & Partial<IndexAnswer> & { unknown?: string })[] = packages.map(
      (each) => ({ ...each, ...answers?.get(each.name) }),
    );
    if (options.json) process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
    else
      printTable(
        ['package', 'version', 'newest', 'known vulnerabilities'],
        rows.map(({ name, version, latest, yanked, vulnerabilities }) => [
          name,
          version + (yanked ? ' (yanked)' : ''),
          latest === undefined ? '?' : latest === version ? '=' : latest,
          vulnerabilities === undefined
            ? '?'
            : vulnerabilities
                .map(({ id, fixedIn }) => `${id} (fixed in ${fixedIn.join(', ') || 'nothing'})`)
                .join(' ') || '-',
        ]),
      );
    if (answers && !options.json)
      for (const line of unknownLines(answers)) process.stdout.write(`${line}\n`);
    if (!answers && !options.json) process.stdout.write('? --no-audit: the index was not asked\n');
    const holes = rows.filter(({ vulnerabilities = [] }) => vulnerabilities.length > 0);
    if (holes.length === 0) return;
    throw new StagesError('CHECK_FAILED', {
      message: `Packages with known vulnerabilities: ${holes.map(({ name }) => name).join(', ')}`,
      hint: 'Raise them in requirements.in, compile it, and build again',
    });
  });
}
