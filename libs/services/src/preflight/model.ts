import type { Text } from '@excel2doc/stages';

/** The parts of `compose config --format json` that the rules look at. */
export interface ServiceModel {
  image?: string;
  command?: string[] | string | null;
  environment?: Record<string, string | null>;
  user?: string;
  restart?: string;
  read_only?: boolean;
  privileged?: boolean;
  network_mode?: string;
  pid?: string;
  cap_drop?: string[];
  security_opt?: string[];
  healthcheck?: { disable?: boolean; test?: string[] };
  logging?: { driver?: string; options?: Record<string, string> };
  mem_limit?: string;
  cpus?: number;
  deploy?: {
    restart_policy?: { condition?: string };
    resources?: { limits?: { memory?: string; cpus?: string | number } };
  };
  volumes?: { type: string; source?: string; target: string }[];
  ports?: { host_ip?: string; published?: string; target?: number }[];
}

/** All that the rules are asked about; plain data. */
export interface PreflightFacts {
  services: Record<string, ServiceModel>;
  /** Services that run an image of this workspace. */
  own: { service: string; user: string | undefined; healthcheck: boolean }[];
  /** Values as the files write them, before variables are filled in. */
  written: { file: string; service: string; name: string; value: string }[];
  /** Files that hold secrets, by the Compose files or by their names, and that git tracks. */
  trackedSecrets: string[];
  /** Files with secrets that others than their owner can read: `docker/.env.prod (0644)`. */
  openSecrets: string[];
}

export interface Rule {
  id: string;
  reason: Text;
  /** What breaks it: the service, and what was found. */
  breaches(facts: PreflightFacts): { service: string; found: string }[];
}
