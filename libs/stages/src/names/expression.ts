import { StagesError } from '../workspace/fault';

/** What may stand between braces in any tag. */
export const EXPRESSIONS: readonly string[] = ['branch', 'tag', 'sha', 'date'];
/** And in the pattern of a version. */
export const VERSION_EXPRESSIONS: readonly string[] = ['raw', 'version', 'major', 'minor', 'patch'];

const EXPRESSION = /\{\{\s*(\S+?)\s*(?:\s(.*?))?\}\}/g;

/** The names in braces, and the text around them; whether a brace is left over. */
export function expressionsIn(text: string): { names: string[]; rest: string; open: boolean } {
  const names = [...text.matchAll(EXPRESSION)].map(([, name = '']) => name);
  const rest = text.replaceAll(EXPRESSION, '');
  return { names, rest, open: /\{\{|\}\}/.test(rest) };
}

/** Puts values where expressions stand. @param valueOf told the name and what stands behind it */
export function filled(text: string, valueOf: (name: string, rest: string) => string): string {
  return text.replaceAll(EXPRESSION, (_, name: string, rest: string | undefined) =>
    valueOf(name, rest ?? ''),
  );
}

const FORMATS: Record<string, Intl.DateTimeFormatPartTypes> = {
  YYYY: 'year',
  MM: 'month',
  DD: 'day',
  HH: 'hour',
  mm: 'minute',
  ss: 'second',
};

/**
 * `{{date 'YYYYMMDD'}}`, `{{date 'YYYY-MM-DD' tz='Asia/Shanghai'}}`; UTC where it says no zone.
 *
 * @throws StagesError `TAG_INVALID`
 */
export function formatDate(rest: string, now: Date): string {
  const [, format, timeZone = 'UTC'] = /^'([^']+)'(?:\s+tz='([^']+)')?\s*$/.exec(rest) ?? [];
  const letters = format?.replaceAll(/YYYY|YY|MM|DD|HH|mm|ss|X/g, '').match(/[A-Za-z]/);
  if (format === undefined || letters)
    throw wrong(
      `{{date ${rest}}}`,
      "It is written as in {{date 'YYYYMMDD'}}: it knows YYYY, YY, MM, DD, HH, mm, ss and X",
    );
  let parts: Intl.DateTimeFormatPart[];
  try {
    const numeric = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
    const time = {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    } as const;
    parts = new Intl.DateTimeFormat('en-US', { ...numeric, ...time, timeZone }).formatToParts(now);
  } catch {
    throw wrong(`{{date ${rest}}}`, "A time zone is named as in tz='Asia/Shanghai'");
  }
  const part = (name: string) => parts.find(({ type }) => type === FORMATS[name])?.value ?? '';
  return format.replaceAll(/YYYY|YY|MM|DD|HH|mm|ss|X/g, (name) => {
    if (name === 'X') return String(Math.floor(now.getTime() / 1000));
    return name === 'YY' ? part('YYYY').slice(-2) : part(name);
  });
}

function wrong(what: string, hint: string): StagesError {
  return new StagesError('TAG_INVALID', { message: `tags: ${what} is no date`, hint });
}
