const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const FACTORS: Record<string, number> = {
  ...Object.fromEntries(BINARY.map((unit, power) => [unit, 1024 ** power])),
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

/** `12.3 MiB`, as every page and message of ours says it; `-` for what is no number. */
export function bytesText(bytes: number): string {
  if (!Number.isFinite(bytes)) return '-';
  let power = 0;
  let text = String(Math.round(bytes));
  // What is rounded up to 1024 of a unit is 1 of the next.
  for (let value = Math.round(bytes); Number(text) >= 1024 && power < BINARY.length - 1; power++) {
    value /= 1024;
    text = value.toFixed(1);
  }
  return `${text} ${BINARY[power]}`;
}

/**
 * Bytes of a size as Docker or we write it: `12.3MiB`, `73.5MB`, `1.4 GiB`; NaN for what is no size.
 *
 * @see docker/go-units, size.go: `kB` is 1000 bytes, `KiB` 1024
 */
export function parseBytes(text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([kKMGT]?i?B)$/.exec(text.trim()) ?? [];
  return Math.round(Number(number || NaN) * (FACTORS[unit] ?? NaN));
}

/** `340 ms`, `4.2 s`, `3 min 12 s`, `5 h 7 min`, `3 d 4 h`: the two largest units. */
export function durationText(ms: number): string {
  const whole = Math.round(ms);
  if (whole < 1000) return `${whole} ms`;
  const tenths = Math.round(ms / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
