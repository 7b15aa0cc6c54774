import { findDebianProgram } from './debian-package.mjs';

/**
 * Debian's Chromium, for tests of pages.
 *
 * @param {{ install: boolean }} options
 */
export function findChromium(options) {
  return findDebianProgram({ file: '/usr/bin/chromium', name: 'chromium' }, options);
}
