import type { ExecutorContext } from '@nx/devkit';
import { type ComposeOptions, findings, gatherFacts } from '@excel2doc/services';
import { type Builders, formatFinding, languageOf, StagesError } from '@excel2doc/stages';
import { projectOf, workspaceHints } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions {
  service: string;
  dockerfile: string;
  context: string;
  builders?: Builders;
  json: boolean;
  strict: boolean;
}

/** What is wrong, how it was seen, and how to mend it; fails on errors, with `--strict` on warnings. */
export default function doctor(options: Options, context: ExecutorContext) {
  return report(async () => {
    const project = projectOf(context);
    const subject = {
      ...options,
      workspaceRoot: project.root,
      projectRoot: project.folder,
      engine: project.engineChoice,
    };
    const facts = await gatherFacts(subject, process.env);
    const found = findings(facts);
    const language = languageOf(process.env);
    const hints = await workspaceHints();
    const text = options.json
      ? JSON.stringify(found, undefined, 2)
      : found.map((each) => formatFinding(each, language, hints)).join('\n');
    const nothing = { en: 'nothing is wrong', zh: '没有发现问题' }[language];
    if (!options.json && facts.engine.answers)
      process.stdout.write(`${facts.engine.title} (${facts.engine.platform})\n`);
    process.stdout.write(`${text || nothing}\n`);
    const failing = found.filter(
      ({ severity }) => severity === 'error' || (options.strict && severity === 'warning'),
    );
    if (failing.length === 0) return;
    throw new StagesError('CHECK_FAILED', {
      message: `Found: ${failing.map(({ id }) => id).join(', ')}`,
      hint: 'Each stands above with its fix',
    });
  });
}
