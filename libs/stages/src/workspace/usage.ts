/** What a container uses now. */
export interface Usage {
  service: string;
  container: string;
  cpuPercent: number;
  memoryBytes: number;
  memoryLimitBytes: number;
  networkInBytes: number;
  networkOutBytes: number;
  diskReadBytes: number;
  diskWrittenBytes: number;
  processes: number;
}

const UNITS: Record<string, number> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Bytes of docker's `12.3MiB`; NaN for what is no size. */
export function parseSize(text: string): number {
  const [, number = '', unit = ''] = /^([\d.]+)\s*([kKMGT]?i?B)$/.exec(text.trim()) ?? [];
  return Math.round(Number(number || NaN) * (UNITS[unit] ?? NaN));
}

/** `12.3 MiB`. */
export function formatSize(bytes: number): string {
  if (!Number.isFinite(bytes)) return '-';
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${at === 0 ? value : value.toFixed(1)} ${units[at]}`;
}

/** A line of `docker stats --format json`. */
export function parseUsage(line: string, services: ReadonlyMap<string, string>): Usage {
  const row = JSON.parse(line) as Record<string, string>;
  const pair = (key: string) => (row[key] ?? '').split('/').map(parseSize) as [number, number];
  const [memoryBytes, memoryLimitBytes] = pair('MemUsage');
  const [networkInBytes, networkOutBytes] = pair('NetIO');
  const [diskReadBytes, diskWrittenBytes] = pair('BlockIO');
  const container = row['Name'] ?? '';
  return {
    service: services.get(container) ?? container,
    container,
    cpuPercent: Number.parseFloat(row['CPUPerc'] ?? ''),
    memoryBytes,
    memoryLimitBytes,
    networkInBytes,
    networkOutBytes,
    diskReadBytes,
    diskWrittenBytes,
    processes: Number(row['PIDs']),
  };
}
