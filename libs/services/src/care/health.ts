import type { Container } from '../compose/container';

export interface HealthRow {
  what: string;
  ok: boolean;
  found: string;
}

/** A service of the Compose file as its containers show it. */
export function serviceHealth(service: string, containers: Container[]): HealthRow {
  const own = containers.filter((each) => each.service === service && !each.oneOff);
  if (own.length === 0) return { what: service, ok: false, found: 'no container' };
  const bad = own.find(
    ({ state, health }) => state !== 'running' || (health !== undefined && health !== 'healthy'),
  );
  if (!bad) {
    const { health } = own[0] as Container;
    return { what: service, ok: true, found: health ?? 'running, without a health check' };
  }
  const { state, health, exitCode, lastCheck } = bad;
  const found = state === 'exited' ? `exited with status ${exitCode}` : (health ?? state);
  return { what: service, ok: false, found: lastCheck ? `${found}: ${lastCheck}` : found };
}

/** The dependencies that a health endpoint names: its text fields, less status and version. */
export function endpointHealth(service: string, status: number, body: unknown): HealthRow[] {
  const rows: HealthRow[] = [
    { what: `${service} /health`, ok: status >= 200 && status < 300, found: `HTTP ${status}` },
  ];
  if (typeof body !== 'object' || body === null) return rows;
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== 'string' || ['status', 'version'].includes(name)) continue;
    rows.push({
      what: `${service} -> ${name}`,
      ok: !/^(down|error|fail(ed|ing)?|unhealthy|unavailable)$/i.test(value),
      found: value,
    });
  }
  return rows;
}
