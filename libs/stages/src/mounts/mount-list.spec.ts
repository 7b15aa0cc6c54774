import { expect, it } from 'vitest';
import { parseMountList } from './mount-list';

it('a list tells what lies in a mount, and what is no line of it tells nothing', () => {
  const text = [
    '81a4 0 0 12 1700000000 ./wheels/a b.whl',
    '41ed 1000 1000 4096 1700000001 ./wheels',
    'a1ff 0 0 3 1700000002 ./link',
    '11a4 0 0 0 1700000002 ./pipe',
    '81a4 0 0 12 1700000000 ./../out',
    '81a4 0 0 12 1700000000 /etc/passwd',
    'stat: cannot stat ./gone',
    '',
  ].join('\n');
  expect(parseMountList(text)).toEqual([
    { path: 'wheels/a b.whl', type: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes: 12, mtimeS: 1700000000 }, // prettier-ignore
    { path: 'wheels', type: 'directory', mode: 0o755, uid: 1000, gid: 1000, sizeBytes: 4096, mtimeS: 1700000001 }, // prettier-ignore
    {
      path: 'link',
      type: 'symlink',
      mode: 0o777,
      uid: 0,
      gid: 0,
      sizeBytes: 3,
      mtimeS: 1700000002,
    },
  ]);
});
