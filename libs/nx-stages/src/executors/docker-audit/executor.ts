import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { AUDIT_RULES, auditImage, requiredNames } from '@excel2doc/build-report';
import {
  type DockerOptions,
  enginePlatform,
  Outputs,
  StagesError,
  withHealing,
} from '@excel2doc/stages';
import { baseLine, stepLines } from './ages';
import { dockerProject } from '../project';
import { report } from '../report';

interface Options extends DockerOptions {
  stage: string;
  budgetMiB: number;
  accepted?: string;
  json: boolean;
}

/** Checks a built image, from its layers: no engine is asked. */
export default function dockerAudit(options: Options, context: ExecutorContext) {
  return report(async () => {
    const project = dockerProject(options, context);
    const outputs = await Outputs.open(project, enginePlatform());
    const { stage } = options;
    const limits = {
      budgetBytes: options.budgetMiB * 2 ** 20,
      accepted: await acceptedNames(options, context),
    };
    const healing = { project, outputs };
    const { output, audited } = await withHealing(healing, { stages: [stage] }, async () => {
      const output = await outputs.read(stage);
      return { output, audited: await auditImage(output, await outputs.source(stage), limits) };
    });
    const { findings: found, base } = audited;
    if (options.json) process.stdout.write(`${JSON.stringify(found, undefined, 2)}\n`);
    else {
      for (const each of found) process.stdout.write(`✗ ${each.rule}: ${each.found}\n`);
      for (const line of checkedLines(found, limits)) process.stdout.write(`${line}\n`);
      const ages = [baseLine(base, Date.now()), ...(await stepLines(project, stage, Date.now()))];
      for (const line of ages) process.stdout.write(`– ${line}\n`);
      const { digest, layers } = output.record;
      process.stdout.write(`${digest}: ${layers.length} layers, ${found.length} findings\n`);
    }
    if (found.length === 0) return;
    throw new StagesError('CHECK_FAILED', {
      message: `The image breaks ${[...new Set(found.map(({ rule }) => rule))].join(', ')}`,
      hint: 'Mend in the Dockerfile what stands above, or set another budget or list',
    });
  });
}

/** A line for each rule that is kept, or was not looked at. */
function checkedLines(
  found: readonly { rule: string }[],
  { accepted, budgetBytes }: { accepted: ReadonlySet<string> | undefined; budgetBytes: number },
): string[] {
  const kept = Object.entries(AUDIT_RULES).filter(
    ([rule]) => !found.some((each) => each.rule === rule),
  );
  return kept.map(([rule, looked]) => {
    if (rule === 'packages-accepted' && !accepted)
      return `– ${rule}: not checked, there is neither a list nor a requirements.txt`;
    const limit = rule === 'size-budget' ? ` (${budgetBytes} bytes allowed)` : '';
    return `✓ ${rule}: ${looked}${limit}`;
  });
}

/** The list that is named, else what requirements.txt locks; pip, and before Python 3.12 setuptools, comes with every virtual environment. */
async function acceptedNames(
  { accepted, context: buildContext }: Options,
  context: ExecutorContext,
): Promise<Set<string> | undefined> {
  const file = join(context.root, accepted ?? join(buildContext, 'requirements.txt'));
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (accepted) throw error;
    return undefined;
  });
  return text === undefined ? undefined : new Set([...requiredNames(text), 'pip', 'setuptools']);
}
