import type { StagePlanFile } from './plan';

/**
 * The text of plan/<stage>.json: the same plan gives the same bytes, one file of the context a line.
 * Line numbers are left out, so that a comment further up changes nothing.
 */
export function serialisePlan(plan: StagePlanFile): string {
  return `${format(plan, '')}\n`;
}

function format(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const deeper = `${indent}  `;
  const isArray = Array.isArray(value);
  const fields = Object.entries(value).filter(
    ([key, item]) => item !== undefined && (isArray || key !== 'line'),
  );
  const flat = !isArray && fields.every(([, item]) => typeof item !== 'object' || item === null);
  const parts = fields.map(
    ([key, item]) => (isArray ? '' : `${JSON.stringify(key)}: `) + format(item, deeper),
  );
  const [open, close] = isArray ? ['[', ']'] : ['{', '}'];
  if (parts.length === 0) return open + close;
  if (flat) return `${open} ${parts.join(', ')} ${close}`;
  return `${open}\n${parts.map((part) => deeper + part).join(',\n')}\n${indent}${close}`;
}
