import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from './client/private-engine';

/** What stands for a base image in builds on this machine. */
export interface Base {
  reference: string;
  /** Registry: of the index. Stand-in: of the manifest. */
  digest: string;
  platform: string;
  /** Value for `--build-context REFERENCE=…`. */
  namedContext: string;
  standIn: boolean;
  /** Of a stand-in: a full OCI layout. */
  layoutDir?: string;
}

/** `bases.json`: the last answers of `resolveBases`, for who must not ask a network. */
export interface BasesFile {
  format: 1;
  registry: {
    /** Of NX_STAGES_REGISTRY_MIRROR, '' without one. */
    mirror: string;
    answers: boolean;
    /** Milliseconds since 1970. */
    checkedAtMs: number;
  };
  /** By platform, by reference. */
  platforms: Record<string, Record<string, Base>>;
}

export function basesFile(env: NodeJS.ProcessEnv = process.env): string {
  return join(cacheFolder(env), 'bases', 'bases.json');
}

/** Undefined when no base was resolved yet (what sets up stand-ins does it), or the file is of another format. */
export async function readBases(
  env: NodeJS.ProcessEnv = process.env,
): Promise<BasesFile | undefined> {
  const text = await readFile(basesFile(env), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const file = JSON.parse(text) as BasesFile;
  return file.format === 1 ? file : undefined;
}
