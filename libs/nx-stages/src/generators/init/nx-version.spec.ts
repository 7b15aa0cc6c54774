import { expect, test } from 'vitest';
import manifest from '../../../package.json';
import { refuseOtherNx } from './nx-version';

test.each(['22.0.0', '22.7.12', '23.2.1', '23.3.0-beta.1'])('Nx %s is taken', (version) => {
  expect(() => refuseOtherNx(version)).not.toThrow();
});

test.each(['20.8.2', '21.6.5', '24.0.0'])('Nx %s is refused by name', (version) => {
  expect(() => refuseOtherNx(version)).toThrow(
    `works with Nx 22 and 23, this workspace has ${version}`,
  );
});

test('npm is told the same', () => {
  expect(manifest.peerDependencies).toEqual({ '@nx/devkit': '>=22 <24', nx: '>=22 <24' });
});
