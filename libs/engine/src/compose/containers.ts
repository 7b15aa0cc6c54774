/** A container of a project, from `compose ps`. */
export interface ComposeContainer {
  name: string;
  service: string;
  image: string;
  state: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
  /** Undefined for a service without a health check. */
  health: 'starting' | 'healthy' | 'unhealthy' | undefined;
  exitCode: number;
  ports: { address: string; published: number; target: number; protocol: string }[];
}

interface PsRow {
  Name: string;
  Service: string;
  Image: string;
  State: ComposeContainer['state'];
  Health?: string;
  ExitCode: number;
  Publishers?:
    { URL: string; TargetPort: number; PublishedPort: number; Protocol: string }[] | null;
}

/** `compose ps --format json`: one array before Compose 2.21, one object a line since. */
export function parseContainers(stdout: string): ComposeContainer[] {
  const text = stdout.trim();
  const rows = text.startsWith('[')
    ? (JSON.parse(text) as PsRow[])
    : text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as PsRow);
  return rows.map((row) => ({
    name: row.Name,
    service: row.Service,
    image: row.Image,
    state: row.State,
    health: (row.Health || undefined) as ComposeContainer['health'],
    exitCode: row.ExitCode,
    ports: (row.Publishers ?? [])
      .filter((each) => each.PublishedPort > 0)
      .map((each) => ({
        address: each.URL,
        published: each.PublishedPort,
        target: each.TargetPort,
        protocol: each.Protocol,
      })),
  }));
}
