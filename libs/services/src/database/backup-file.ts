import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StagesError } from '@excel2doc/stages';
import type { Fingerprint } from './fingerprint';

/** `X.dump.json` beside `X.dump`: what the dump holds. */
export interface BackupManifest {
  format: 1;
  database: string;
  /** ISO 8601. */
  takenAt: string;
  serverVersion: string;
  sha256: string;
  sizeBytes: number;
  tables: Fingerprint;
}

/** `excel2doc-20261124T001500123Z.dump`: sorts by time, and every file system takes it. */
export function backupName(database: string, now: Date): string {
  const stamp = now.toISOString().replace(/[-:.]/g, '');
  return `${database.replace(/[^\w.-]/g, '_')}-${stamp}.dump`;
}

/**
 * Writes what `produce` streams to `path`: aside, synced, and renamed when it is whole.
 *
 * @returns digest and length of the bytes.
 */
export async function writeWhole(
  path: string,
  produce: (sink: PassThrough) => Promise<unknown>,
  check: (unfinished: string) => Promise<void>,
): Promise<{ sha256: string; sizeBytes: number }> {
  const unfinished = `${path}.unfinished`;
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      sizeBytes += chunk.length;
      done(null, chunk);
    },
  });
  const sink = new PassThrough();
  try {
    const written = pipeline(sink, measure, createWriteStream(unfinished, { mode: 0o600 }));
    const produced = produce(sink).then(
      () => sink.end(),
      (error: Error) => {
        sink.destroy(error);
        throw error;
      },
    );
    await Promise.all([produced, written]);
    const file = await open(unfinished);
    await file.sync();
    await file.close();
    await check(unfinished);
    await rename(unfinished, path);
    return { sha256: hash.digest('hex'), sizeBytes };
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** The files beside a dump: `sha256sum -c` reads the one, `readBackup` the other. */
export async function writeManifest(path: string, manifest: BackupManifest): Promise<void> {
  await writeFile(`${path}.sha256`, `${manifest.sha256}  ${basename(path)}\n`);
  await writeFile(`${path}.json`, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/**
 * The manifest of a dump whose bytes are what they were.
 *
 * @throws StagesError `BACKUP_INVALID`
 */
export async function readBackup(path: string): Promise<BackupManifest> {
  const refuse = (message: string, cause?: unknown) =>
    new StagesError('BACKUP_INVALID', {
      message,
      hint: 'Take another one; nothing was changed',
      cause,
    });
  const text = await readFile(`${path}.json`, 'utf8').catch((cause) => {
    throw refuse(`${path}.json, which says what the backup holds, cannot be read`, cause);
  });
  const manifest = JSON.parse(text) as BackupManifest;
  if (manifest.format !== 1) throw refuse(`${path}.json is of another format`);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash).catch((cause) => {
    throw refuse(`${path} cannot be read`, cause);
  });
  const found = hash.digest('hex');
  if (found !== manifest.sha256)
    throw refuse(`${path} is damaged: sha256 ${manifest.sha256} expected, ${found} found`);
  return manifest;
}

/** The newest backup in `folder`, or undefined. */
export async function latestBackup(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch((): string[] => []);
  const dumps = names.filter((name) => name.endsWith('.dump') && names.includes(`${name}.json`));
  const stamp = (name: string) => /-(\d{8}T\d{9}Z)\.dump$/.exec(name)?.[1] ?? '';
  const newest = dumps.sort((a, b) => (stamp(a) < stamp(b) ? -1 : 1)).at(-1);
  return newest && join(folder, newest);
}

/** Keeps the newest `count` backups of `folder`. @returns what was deleted. */
export async function keepNewest(path: string, count: number): Promise<string[]> {
  const folder = dirname(path);
  const names = (await readdir(folder)).filter((name) => name.endsWith('.dump')).sort();
  const old = names.slice(0, Math.max(0, names.length - count));
  for (const name of old)
    for (const end of ['', '.sha256', '.json']) await rm(join(folder, name + end), { force: true });
  return old;
}
