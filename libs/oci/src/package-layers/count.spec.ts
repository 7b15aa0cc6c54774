import { expect, test } from 'vitest';
import { packagesOf } from './count';

const files = (...paths: string[]) =>
  paths.map((path) => ({ path, type: 'file' as const, sizeBytes: 10 }));
const site = 'v/lib/site-packages';

test.each([
  [{ count: 0, sizeBytes: 0 }, files('opt/app/main.py', 'opt/app/vendor.txt')],
  [
    { count: 2, sizeBytes: 40 },
    files(
      `${site}/click-8.1.dist-info/RECORD`,
      `${site}/click-8.1.dist-info/METADATA`,
      `${site}/click/core.py`,
      `${site}/idna-3.7.dist-info/RECORD`,
      'v/pyvenv.cfg',
    ),
  ],
  [
    { count: 2, sizeBytes: 30 },
    files('a/node_modules/x/i.js', 'a/node_modules/x/b.js', 'a/node_modules/@s/y/i.js', 'a/b.js'),
  ],
  [{ count: 2, sizeBytes: 20 }, files('lib/one-1.0.jar', 'lib/two-2.0.jar', 'lib/data.bin')],
  [
    { count: 0, sizeBytes: 0 },
    [{ path: 'a/node_modules/x', type: 'directory' as const, sizeBytes: 0 }],
  ],
])('%j of packages are in %j', (found, entries) => expect(packagesOf(entries)).toEqual(found));
