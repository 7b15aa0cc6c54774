const unitNs: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const longest = 2n ** 63n;

/**
 * Go's time.ParseDuration: nanoseconds of `1m30s`, `1.5h`, `0`. Above 104 days less than every
 * nanosecond has a number.
 *
 * @returns `undefined` for what Go refuses
 */
export function parseDuration(text: string): number | undefined {
  const [, sign, rest = ''] = /^([-+]?)([^]*)$/.exec(text) ?? [];
  if (rest === '0') return 0;
  let total = 0n;
  let at = 0;
  const part = /(\d*)(?:\.(\d*))?([^\d.]+)/y;
  while (at < rest.length) {
    part.lastIndex = at;
    const [all = '', whole = '', fraction = '', unit = ''] = part.exec(rest) ?? [];
    const scale = Object.hasOwn(unitNs, unit) ? unitNs[unit]! : undefined;
    if (scale === undefined || whole + fraction === '') return undefined;
    total += BigInt(whole || '0') * scale + fractionNs(fraction, scale);
    if (total > longest) return undefined;
    at += all.length;
  }
  if (rest === '' || (sign !== '-' && total === longest)) return undefined;
  return total === 0n ? 0 : Number(sign === '-' ? -total : total);
}

/** As Go has it: digits as far as they fit 63 bits, times a floating point number. */
function fractionNs(digits: string, unit: bigint): bigint {
  let number = 0n;
  let scale = 1;
  for (const digit of digits) {
    const next = number * 10n + BigInt(digit);
    if (number > (longest - 1n) / 10n || next > longest) break;
    number = next;
    scale *= 10;
  }
  return BigInt(Math.trunc(Number(number) * (Number(unit) / scale)));
}

/** Go's time.Duration as text: `1h0m0s`, `1m30s`, `1.5s`, `100ms`, `0s`. */
export function formatDuration(ns: number): string {
  if (ns === 0) return '0s';
  const sign = ns < 0 ? '-' : '';
  const length = BigInt(Math.abs(ns));
  if (length < 1_000n) return `${sign}${length}ns`;
  if (length < 1_000_000n) return `${sign}${decimal(length, 1_000n)}µs`;
  if (length < 1_000_000_000n) return `${sign}${decimal(length, 1_000_000n)}ms`;
  const seconds = `${decimal(length % unitNs['m']!, unitNs['s']!)}s`;
  const minutes = length / unitNs['m']!;
  if (minutes === 0n) return sign + seconds;
  if (minutes < 60n) return `${sign}${minutes}m${seconds}`;
  return `${sign}${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, unit: bigint): string {
  const fraction = (value % unit).toString().padStart(unit.toString().length - 1, '0');
  const digits = fraction.replace(/0+$/, '');
  return `${value / unit}${digits && '.'}${digits}`;
}
