import { execFileSync, spawnSync } from 'node:child_process';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a value may be written. */
export function writingsOf(value: string): string[] {
  const inside = [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(value)]);
    const clear = Math.floor(bytes.length / 3) * 4;
    return bytes.toString('base64').slice(before === 0 ? 0 : 4, clear);
  });
  const hex = Buffer.from(value).toString('hex');
  return [value, encodeURIComponent(value), hex, ...inside];
}

/** The files at or below a path that hold one of `writings`, also within archives, within archives. */
export function filesWith(path: string, writings: readonly string[]): string[] {
  const stat = lstatSync(path);
  if (stat.isDirectory())
    return readdirSync(path).flatMap((name) => filesWith(join(path, name), writings));
  if (!stat.isFile()) return [];
  return bytesWith(readFileSync(path), writings) ? [path] : [];
}

function bytesWith(bytes: Buffer, writings: readonly string[]): boolean {
  if (writings.some((writing) => bytes.includes(writing))) return true;
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const unpacked = isGzip && gunzipped(bytes);
  if (unpacked) return bytesWith(unpacked, writings);
  if (bytes.toString('latin1', 257, 262) !== 'ustar') return false;
  const folder = mkdtempSync(join(tmpdir(), 'secrets-find-'));
  try {
    execFileSync('tar', ['-xf', '-', '-C', folder, '--no-same-owner'], { input: bytes });
    return filesWith(folder, writings).length > 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Undefined for what only begins as such a file does; what follows it, as in the server's store, is left. */
function gunzipped(input: Buffer): Buffer | undefined {
  const { status, stdout } = spawnSync('gzip', ['-dc'], { input, maxBuffer: 2 ** 30 });
  return status === 0 || (status === 2 && stdout.length > 0) ? stdout : undefined;
}
