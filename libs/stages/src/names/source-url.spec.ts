import { expect, test } from 'vitest';
import { sourceUrl } from './source-url';

test.each([
  ['git@github.com:team/shop.git', 'https://github.com/team/shop'],
  ['github.com:team/shop', 'https://github.com/team/shop'],
  ['ssh://git@git.example.com:2222/team/shop.git', 'https://git.example.com/team/shop'],
  ['https://github.com/team/shop.git', 'https://github.com/team/shop'],
  ['https://github.com/team/shop/', 'https://github.com/team/shop'],
  [
    'https://gitlab-ci-token:s3cret@git.example.com:8443/team/shop.git',
    'https://git.example.com:8443/team/shop',
  ],
  ['http://git.example.com/shop', 'http://git.example.com/shop'],
  ['git://git.example.com/shop.git', 'https://git.example.com/shop'],
  ['/srv/git/shop.git', undefined],
  ['../shop', undefined],
  ['file:///srv/git/shop.git', undefined],
  ['C:\\git\\shop', undefined],
  ['', undefined],
])('%s', (address, url) => expect(sourceUrl(address)).toBe(url));
