import { expect, test } from 'vitest';
import { countPackages } from './count';

const files = (...paths: string[]) => paths.map((path) => ({ path, type: 'file' as const }));

test.each([
  [0, files('opt/app/main.py', 'opt/app/vendor.txt')],
  [
    2,
    files(
      'v/lib/site-packages/click-8.1.dist-info/RECORD',
      'v/lib/site-packages/click-8.1.dist-info/METADATA',
      'v/lib/site-packages/click/core.py',
      'v/lib/site-packages/idna-3.7.dist-info/RECORD',
    ),
  ],
  [2, files('a/node_modules/x/index.js', 'a/node_modules/x/b.js', 'a/node_modules/@s/y/i.js')],
  [2, files('lib/one-1.0.jar', 'lib/two-2.0.jar')],
  [0, [{ path: 'a/node_modules/x', type: 'directory' as const }]],
])('%i packages are in %j', (count, entries) => expect(countPackages(entries)).toBe(count));
