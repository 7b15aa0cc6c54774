import { findDebianProgram } from '@excel2doc/test-tools';

/**
 * Debian's nginx, to measure against.
 *
 * @param {{ install: boolean }} options
 */
export function findNginx(options) {
  return findDebianProgram({ file: '/usr/sbin/nginx', name: 'nginx-light' }, options);
}
