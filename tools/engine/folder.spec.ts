import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { engineFolder } from './folder';

/** The longest path that the daemon makes below its exec-root is libnetwork's controller socket. */
const LONGEST_SOCKET = 'exec/containerd/containerd-debug.sock.ttrpc';

describe('engineFolder', () => {
  it('keeps all in one folder of the cache', () => {
    const at = engineFolder({ XDG_CACHE_HOME: '/home/a/.cache' });
    for (const path of [at.root, at.data, at.run, at.socket, at.pidFile, at.log, at.engineFile]) {
      expect(path).toMatch(/^\/home\/a\/\.cache\/excel2doc\/engine\//);
    }
  });

  it('keeps sockets within the 108 bytes of a unix address, however long the cache folder', () => {
    for (const length of [1, 30, 60, 200]) {
      const at = engineFolder({ XDG_CACHE_HOME: `/${'x'.repeat(length)}` });
      expect(Buffer.byteLength(join(at.run, LONGEST_SOCKET))).toBeLessThan(108);
    }
  });

  it('gives two long cache folders two socket folders', () => {
    const run = (name: string) => engineFolder({ XDG_CACHE_HOME: `/${name.repeat(100)}` }).run;
    expect(run('a')).not.toBe(run('b'));
  });
});
