import { parseDuration, trimStart } from '@excel2doc/go-text';
import type { RuleSet } from '../rules';
import { SyntaxProblem, jsonStrings } from '../syntax/words';
import { readFlags } from './flags';
import type { CommandForm } from './instruction';

const durations = ['interval', 'timeout', 'start-period', 'start-interval'] as const;

export function parseHealthcheck(flags: string[], rest: string, rules: RuleSet) {
  const keyword = 'HEALTHCHECK' as const;
  const [kind = ''] = /^\S*/.exec(rest) ?? [];
  if (kind === '') throw new SyntaxProblem('HEALTHCHECK requires at least one argument');
  const command = trimStart(rest.slice(kind.length));
  if (kind.toUpperCase() === 'NONE') {
    if (command !== '') throw new SyntaxProblem('HEALTHCHECK NONE takes no arguments');
    return { keyword, check: 'NONE' as const, options: [] };
  }
  const read = readFlags(flags, {
    ...Object.fromEntries(durations.map((name) => [name, 'text' as const])),
    retries: 'text',
  });
  if (kind.toUpperCase() !== 'CMD')
    throw new SyntaxProblem(`Unknown type "${kind.toUpperCase()}" in HEALTHCHECK (try CMD)`);
  const args = jsonStrings(command, rules);
  if (args ? args.length === 0 : command === '')
    throw new SyntaxProblem('Missing command after HEALTHCHECK CMD');
  for (const name of durations) {
    const value = read.text(name);
    const length = parseDuration(value ?? '0');
    if (length === undefined)
      throw new SyntaxProblem(`time: invalid duration "${value}" for --${name}`);
    if (length !== 0 && length < 1e6)
      throw new SyntaxProblem(`Interval "${name}" cannot be less than 1ms`);
  }
  const retries = read.text('retries');
  if (retries !== undefined && !/^\+?\d+$/.test(retries))
    throw new SyntaxProblem(`--retries must be a number that is not negative, not "${retries}"`);
  const check: CommandForm = args ? { form: 'exec', args } : { form: 'shell', command };
  const options = [...durations, 'retries'].sort().flatMap((name) => {
    const value = read.text(name);
    return value === undefined ? [] : [{ name, value }];
  });
  return { keyword, check, options };
}
