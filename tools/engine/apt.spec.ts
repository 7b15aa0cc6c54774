import { describe, expect, it } from 'vitest';
import { aptError } from './apt';

describe('aptError', () => {
  it.each([
    [
      "Err:1 http://deb.example bookworm InRelease\n  Temporary failure resolving 'deb.example'\nE: Unable to locate package docker.io",
      'NO_MIRROR',
      'No Debian mirror answers (Temporary failure resolving)',
    ],
    [
      'Err:1 http://deb.example bookworm InRelease\n  Could not connect to deb.example:80 (10.0.0.1). - connect (111: Connection refused)',
      'NO_MIRROR',
      'No Debian mirror answers (Could not connect)',
    ],
    [
      'E: Unable to locate package docker.io',
      'NO_MIRROR',
      'apt could not get the packages: Unable to locate package docker.io',
    ],
    [
      'E: Write error - write (28: No space left on device)',
      'DISK_FULL',
      'The disk is full: the packages could not be downloaded',
    ],
  ])('names the cause of %j', (output, code, message) => {
    expect(aptError(output)).toMatchObject({ code, message, stderr: output });
  });
});
