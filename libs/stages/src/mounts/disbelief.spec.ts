import { expect, it } from 'vitest';
import { isDisbelief } from './disbelief';
import type { MountKind } from './mount-kinds';

it.each<[MountKind, string, boolean]>([
  ['pip', 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.', true],
  ['pip', "ERROR: Wheel 'a' located at /tmp/a-1.0-py3-none-any.whl is invalid.", true],
  ['npm', 'npm error code EINTEGRITY', true],
  ['go', '#9 0.4 verifying example.com/m@v1.0.0: checksum mismatch', true],
  ['other', 'one: checksum mismatch', true],
  // A test that fails with such words is nothing that was put in place.
  ['pip', 'AssertionError: mismatch: 1 != 2', false],
  ['pip', 'verifying example.com/m@v1.0.0: checksum mismatch', false],
  ['npm', 'Error: snapshot integrity mismatch', false],
  ['go', '--- FAIL: TestSum: checksum mismatch', false],
  ['other', 'unexpected end of input', false],
])('where a mount of %s was filled, "%s" is worth another try: %s', (kind, stderr, is) => {
  expect(isDisbelief({ message: 'the build failed', stderr }, [kind])).toBe(is);
});

it('what was put into no mount is refused by nobody', () => {
  expect(isDisbelief({ message: '', stderr: 'EINTEGRITY' }, [])).toBe(false);
});
