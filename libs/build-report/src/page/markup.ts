/** Markup that needs no escaping any more. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Part = Markup | Part[] | string | number | undefined;

/** Markup from a template: every value is escaped, unless it is markup itself. */
export function markup(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(String.raw({ raw: strings }, ...parts.map(escaped)));
}

const NAMES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(part: Part): string {
  if (part instanceof Markup) return part.text;
  if (Array.isArray(part)) return part.map(escaped).join('');
  return String(part ?? '').replace(/[&<>"']/g, (character) => NAMES[character] ?? '');
}
