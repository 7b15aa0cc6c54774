const nanoseconds: Record<string, number> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** Nanoseconds of a duration that Go's time.ParseDuration takes: `1m30s`, `1.5h`, `0`. */
export function duration(text: string): number {
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    total += Number(number) * nanoseconds[unit!]!;
  }
  return Math.trunc(text.startsWith('-') ? -total : total);
}
