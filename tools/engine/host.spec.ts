import { describe, expect, it } from 'vitest';
import { parseOsRelease } from './host';

describe('parseOsRelease', () => {
  it('reads values with either quote and with none', () => {
    const text =
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID=\'12\'\n# no\nHOME_URL=\n';
    expect(parseOsRelease(text)).toEqual({
      PRETTY_NAME: 'Debian GNU/Linux 12 (bookworm)',
      ID: 'debian',
      VERSION_ID: '12',
      HOME_URL: '',
    });
  });
});
