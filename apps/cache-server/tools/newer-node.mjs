import { join } from 'node:path';
import { npmPackage } from './installed.mjs';

const version = '24.15.0';

/**
 * A Node whose zlib has zstd: this one, or one of npm's packages.
 *
 * @returns {string} its path
 */
export function nodeWithZstd() {
  if (Object.hasOwn(process.versions, 'zstd')) return process.execPath;
  return join(npmPackage(`node-${process.platform}-${process.arch}`, version), 'bin/node');
}
