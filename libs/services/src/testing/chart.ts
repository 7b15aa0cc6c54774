import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { type HelmChart } from '../deploy/helm/chart';
import type { Manifest } from '../deploy/kubernetes/manifests';

/** Helm, as it is pinned for tests. */
export const HELM = 'helm.sh/helm/v3/cmd/helm@v3.19.4';

/** A chart in a folder of its own, which holds `chart` and `secrets.yaml`. */
export function chartFolder({ files, secrets }: HelmChart): string {
  const folder = mkdtempSync(join(tmpdir(), 'chart-'));
  for (const [path, text] of files) {
    const file = join(folder, 'chart', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  writeFileSync(join(folder, 'secrets.yaml'), secrets);
  return folder;
}

/** What a program says to its arguments; never an exception. */
export function said(file: string, args: readonly string[], input?: string) {
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', input });
  return { status, stdout, stderr };
}

/** The documents of a text, read as Kubernetes does: by YAML 1.1. */
export const documentsOf = (text: string) =>
  parseAllDocuments(text, { version: '1.1' })
    .map((each) => each.toJS() as Manifest | null)
    .filter((each) => each !== null);
