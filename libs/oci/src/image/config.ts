import type { HistoryEntry, ImageConfig, RunConfig } from './types';

/** RFC 3339, without a fraction: the form that BuildKit and Docker both keep as it is. */
export function timestamp(epochS: number): string {
  return new Date(epochS * 1000).toISOString().replace('.000Z', 'Z');
}

const RUN_CONFIG_ORDER = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'ArgsEscaped',
  'Healthcheck',
  'OnBuild',
  'Shell',
] as const satisfies readonly (keyof RunConfig)[];

/**
 * The config as it is written: known fields only, in the order of the Go structures that BuildKit
 * uses, empty ones left out. So no trace of the machine that built it stays in it.
 */
export function encodeConfig(config: ImageConfig): Buffer {
  const run = config.config ?? {};
  const ordered: Record<string, unknown> = {};
  for (const key of RUN_CONFIG_ORDER) {
    const value = run[key];
    if (value === undefined || value === null || value === '' || value === false) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    ordered[key] = sortedKeys(value);
  }
  return Buffer.from(
    JSON.stringify({
      architecture: config.architecture,
      author: config.author || undefined,
      config: ordered,
      created: config.created,
      history: config.history?.map(historyEntry),
      os: config.os,
      'os.features': config['os.features'],
      'os.version': config['os.version'],
      rootfs: { type: 'layers', diff_ids: config.rootfs.diff_ids },
      variant: config.variant,
    }),
  );
}

function historyEntry(entry: HistoryEntry): HistoryEntry {
  const { created, created_by, author, comment, empty_layer } = entry;
  return {
    ...(created !== undefined && { created }),
    ...(created_by !== undefined && { created_by }),
    ...(author !== undefined && { author }),
    ...(comment !== undefined && { comment }),
    ...(empty_layer && { empty_layer }),
  };
}

/** Go's maps are written with sorted keys; lists stay as they are. */
function sortedKeys(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return 'Test' in value ? value : Object.fromEntries(entries);
}
