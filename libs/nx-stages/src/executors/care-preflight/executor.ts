import type { ExecutorContext } from '@nx/devkit';
import { breaches, type ComposeOptions, gatherPreflight, RULES } from '@excel2doc/services';
import { languageOf, StagesError } from '@excel2doc/stages';
import { projectOf } from '../project';
import { report } from '../report';

interface Options extends ComposeOptions {
  dockerfile: string;
  image: string;
  except?: string[];
  json: boolean;
}

/** Checks a configuration against the rules for production; fails on a breach. */
export default function preflight(options: Options, context: ExecutorContext) {
  return report(async () => {
    const facts = await gatherPreflight({
      ...options,
      workspaceRoot: context.root,
      engine: projectOf(context).engineChoice,
    });
    const found = breaches(facts, options.except);
    const language = languageOf(process.env);
    if (options.json) {
      const rows = found.map(({ rule, ...rest }) => ({
        rule: rule.id,
        reason: rule.reason,
        ...rest,
      }));
      process.stdout.write(`${JSON.stringify(rows, undefined, 2)}\n`);
    } else {
      for (const { rule, service, found: what } of found)
        process.stdout.write(`✗ ${rule.id} (${service}): ${what}\n    ${rule.reason[language]}\n`);
      for (const { id, reason } of RULES.filter(
        ({ id }) => !found.some(({ rule }) => rule.id === id),
      ))
        process.stdout.write(`✓ ${id}: ${reason[language]}\n`);
      for (const each of options.except ?? [])
        process.stdout.write(`– ${each}: accepted by --except\n`);
      const names = Object.keys(facts.services).join(', ');
      process.stdout.write(`${RULES.length} rules, services ${names}: ${found.length} breaches\n`);
    }
    if (found.length === 0) return;
    throw new StagesError('CHECK_FAILED', {
      message: `The configuration breaks ${[...new Set(found.map(({ rule }) => rule.id))].join(', ')}`,
      hint: 'Mend what stands above, or accept it by name: --except=RULE:SERVICE',
    });
  });
}
