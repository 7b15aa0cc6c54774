import { describe, expect, it } from 'vitest';
import { mountsBelow } from './tree';

describe('mountsBelow', () => {
  it('finds what is mounted below the folders, deepest first, with escapes read', () => {
    const mounts = [
      'proc /proc proc rw 0 0',
      '/dev/vda /a/engine/data ext4 rw 0 0',
      'overlay /a/engine/data/x\\040y/merged overlay rw 0 0',
      'tmpfs /a/engine-other tmpfs rw 0 0',
      'tmpfs /a/engine tmpfs rw 0 0',
      '',
    ].join('\n');
    expect(mountsBelow(['/a/engine'], mounts)).toEqual([
      '/a/engine/data/x y/merged',
      '/a/engine/data',
    ]);
  });
});
