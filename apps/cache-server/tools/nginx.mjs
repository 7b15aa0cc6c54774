import { findDebianProgram } from './debian-package.mjs';

/**
 * Debian's nginx, to measure against.
 *
 * @param {{ install: boolean }} options
 */
export function findNginx(options) {
  return findDebianProgram({ file: '/usr/sbin/nginx', name: 'nginx-light' }, options);
}
