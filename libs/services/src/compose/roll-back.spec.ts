import { expect, test } from 'vitest';
import { type MountedFile, mountedLabel } from './mounted-files';
import { whatIsBack } from './roll-back';

const file = (digest: string): MountedFile => ({ target: '/etc/app', source: '/app.conf', digest });

test('what ran before is said to be back where its files are those of before, too', () => {
  const before = [
    { service: 'app', mountedFiles: mountedLabel([file('a.1')]) },
    { service: 'worker', mountedFiles: '' },
  ];
  const back = (...files: MountedFile[]) =>
    whatIsBack(before, new Map([['app', files]]), 'app (1234)');
  expect(back(file('a.1'))).toBe('what ran before, app (1234), was brought back');
  expect(back(file('a.2'))).toBe(
    'the image of before, app (1234), runs again, with the changed files,',
  );
});
