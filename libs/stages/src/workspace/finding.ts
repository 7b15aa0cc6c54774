/** The same text for those who read English and those who read Chinese. */
export interface Text {
  en: string;
  zh: string;
}

export type Language = keyof Text;

/** Something that is wrong, or that makes work slow. */
export interface Finding {
  /** Never changes its meaning: scripts compare it. */
  id: string;
  /** `advice` is what a team may well decide against: no check fails for it. */
  severity: 'error' | 'warning' | 'advice';
  what: Text;
  /** The fact that says so: a version, a number, a line that was printed. */
  seen: string;
  fix: Text;
}

/** As POSIX has it: LC_ALL before LC_MESSAGES before LANG. */
export function languageOf(env: NodeJS.ProcessEnv): Language {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return /^zh/i.test(locale) ? 'zh' : 'en';
}

const MARKS = { error: '✗', warning: '!', advice: '·' };
const LABELS = { en: { seen: 'seen', fix: 'fix' }, zh: { seen: '依据', fix: '处理' } };

/**
 * A finding in three lines.
 *
 * @param hints what the workspace adds to the fix, by the finding's id
 */
export function formatFinding(
  finding: Finding,
  language: Language,
  hints: Readonly<Record<string, string>> = {},
): string {
  const own = hints[finding.id];
  const { seen, fix } = LABELS[language];
  return [
    `${MARKS[finding.severity]} ${finding.id}: ${finding.what[language]}`,
    `    ${seen}: ${finding.seen}`,
    `    ${fix}: ${finding.fix[language]}${own ? `; ${own}` : ''}`,
  ].join('\n');
}
