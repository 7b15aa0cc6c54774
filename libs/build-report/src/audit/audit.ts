import type { BlobSource, StageOutput } from '@excel2doc/oci';
import { type BaseAge, baseAge, isPackageList } from './age';
import { layerFiles, Root } from './layers';
import {
  auditConfig,
  auditContent,
  type AuditFinding,
  auditFileName,
  auditPath,
  distributionOf,
} from './rules';

export interface AuditLimits {
  /** Of the layers that are not the base image's, compressed. */
  budgetBytes: number;
  /** Names of accepted Python packages; undefined: any. */
  accepted: ReadonlySet<string> | undefined;
}

export interface Audited {
  findings: AuditFinding[];
  /** Said, not judged: old packages are no fault until somebody finds one. */
  base: BaseAge;
}

/**
 * Everything that a built image breaks: its config, what its root holds in the end, and what any
 * layer above the base holds, also where a later one deletes it.
 *
 * @param source of the blobs of the whole image
 */
export async function auditImage(
  { record, config }: Pick<StageOutput, 'record' | 'config'>,
  source: BlobSource,
  limits: AuditLimits,
): Promise<Audited> {
  const found = auditConfig(config);
  const root = new Root();
  const lists: number[] = [];
  for (const layer of record.layers) {
    // The base image is others' work: its test keys are no secrets of ours.
    const own = layer.from !== 'base';
    const seen: [path: string, type: string][] = [];
    for await (const { entry, text } of layerFiles(source, layer, own)) {
      if (/(^|\/)\.wh\./.test(entry.path)) {
        root.apply(entry);
        continue;
      }
      if (!own && isPackageList(entry.path)) lists.push(entry.mtimeS);
      seen.push([entry.path, entry.type]);
      if (!own) continue;
      found.push(...auditFileName(entry.path));
      if (text !== undefined) found.push(...auditContent(entry.path, text));
    }
    for (const [path, type] of seen) root.apply({ path, type } as Parameters<Root['apply']>[0]);
  }
  for (const [path, type] of root.paths()) {
    found.push(...auditPath(path, type));
    const distribution = distributionOf(`/${path}`);
    if (distribution && limits.accepted && !limits.accepted.has(distribution.name))
      found.push({
        rule: 'packages-accepted',
        found: `${distribution.name} ${distribution.version}`,
      });
  }
  const bytes = record.layers.reduce(
    (sum, { from, sizeBytes }) => sum + (from === 'base' ? 0 : sizeBytes),
    0,
  );
  if (bytes > limits.budgetBytes)
    found.push({
      rule: 'size-budget',
      found: `${bytes} bytes above the base, ${limits.budgetBytes} allowed`,
    });
  return { findings: found, base: baseAge(record.layers, config, lists) };
}
