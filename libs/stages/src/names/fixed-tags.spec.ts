import { expect, test } from 'vitest';
import { fixedTags } from './fixed-tags';

test.each([
  ['the default one', {}, ['dev']],
  ['its own', { tag: 'v7' }, ['v7']],
  ['no default one', { skipDefaultTag: true, tags: ['stable'] }, ['stable']],
  [
    'entries as they are',
    { tags: ['stable', 'type=raw,value=rolling,prefix=x-'] },
    ['dev', 'stable', 'x-rolling'],
  ],
  [
    'a version that is written down',
    { tags: ['type=semver,pattern={{major}}.{{minor}},value=v1.2.3'] },
    ['dev', '1.2'],
  ],
  [
    'one that only the default branch gives',
    { tags: ['type=raw,value=latest,enable={{is_default_branch}}'] },
    ['dev', 'latest'],
  ],
  ['none that is switched off', { tags: ['type=raw,value=x,enable=false'] }, ['dev']],
  [
    'none of a checkout or a day',
    {
      tags: [
        ...['type=ref,event=branch', 'type=ref,event=pr', 'type=ref,event=tag', 'type=sha'],
        ...['type=semver,pattern={{version}}', 'type=match,pattern=v(.*)', 'type=edge,branch=main'],
        ...['type=schedule', '{{branch}}', "{{date 'YYYYMMDD'}}", 'type=raw,value={{sha}}'],
      ],
    },
    ['dev'],
  ],
  ['none of a list that is wrong', { tags: ['stable', 'type=nothing'] }, ['dev']],
])('the tags of every checkout: %s', (_what, naming, tags) => {
  expect(fixedTags(naming, 'shop')).toEqual(tags);
});
