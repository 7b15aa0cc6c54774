import { parseBytes } from '@excel2doc/oci';

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

/** A line of `docker stats --format json`. */
export function parseUsage(line: string, services: ReadonlyMap<string, string>): Usage {
  const row = JSON.parse(line) as Record<string, string>;
  const pair = (key: string) => (row[key] ?? '').split('/').map(parseBytes) as [number, number];
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
