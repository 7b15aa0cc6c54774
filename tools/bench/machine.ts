import { cpus } from 'node:os';
import type { Engine } from '@excel2doc/engine';

/** What a table was measured on: `2 × CPU, Node 24.1.0`. */
export function machineText(): string {
  return `${cpus().length} × ${cpus()[0]?.model.trim()}, Node ${process.versions.node}`;
}

/** `Docker 28.1.0 (containerd store)` */
export function engineText({ serverVersion, store }: Engine): string {
  return `Docker ${serverVersion} (${store} store)`;
}
