import { join } from 'node:path';
import { npmPackage } from './installed.mjs';

/** The most used self-hosted cache of this kind on npm. */
export const turboCacheVersion = '2.12.0';

/**
 * turborepo-remote-cache, to measure against.
 *
 * @returns {string} its main file
 */
export const findTurboCache = () =>
  join(npmPackage('turborepo-remote-cache', turboCacheVersion), 'dist/cli.js');
