import type { Fate, Note } from './note';

const TITLES: Record<Fate, string> = {
  'to-do': 'To do',
  'no-equivalent': 'Without an equivalent',
  carried: 'Carried over',
  'not-needed': 'No longer needed',
};

/** The report of a conversion, what needs hands first. */
export function conversionReport(notes: readonly Note[]): string {
  const sections = (Object.keys(TITLES) as Fate[]).flatMap((fate) => {
    const own = notes.filter((note) => note.fate === fate);
    if (own.length === 0) return [];
    const rows = own.map(
      ({ where, setting, text }) => `| ${cell(where)} | ${cell(setting)} | ${cell(text)} |`,
    );
    return [`## ${TITLES[fate]}`, '', '| where | setting | |', '| --- | --- | --- |', ...rows, ''];
  });
  return ['# Conversion to @excel2doc/nx-stages', '', ...sections].join('\n');
}

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
