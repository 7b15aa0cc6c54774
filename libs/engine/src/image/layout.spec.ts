import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fullName, ociLayoutContext, parseLayoutContext } from './layout';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('ociLayoutContext', () => {
  it('gives tag and digest, because either alone fails in some buildx', () => {
    expect(ociLayoutContext({ dir: '/l', tag: 't', digest })).toBe(`oci-layout:///l:t@${digest}`);
  });

  it('is read back, whatever the folder is called', () => {
    const dir = fc.stringMatching(/^\/[\w. @-]{1,20}$/);
    fc.assert(
      fc.property(dir, fc.stringMatching(/^\w[\w.-]{0,9}$/), (folder, tag) => {
        const context = ociLayoutContext({ dir: folder, tag, digest });
        expect(parseLayoutContext(context)).toEqual({ dir: folder, digest });
      }),
    );
  });

  it.each(['docker-image://redis:7', './folder', 'https://git.example/a.git#main'])(
    'is not what %s is',
    (context) => expect(parseLayoutContext(context)).toBeUndefined(),
  );
});

describe('fullName', () => {
  it.each([
    ['redis:7', 'docker.io/library/redis:7'],
    ['acme/app:1', 'docker.io/acme/app:1'],
    ['localhost:5000/app:1', 'localhost:5000/app:1'],
    ['registry.example/app', 'registry.example/app'],
  ])('%s is %s', (reference, full) => expect(fullName(reference)).toBe(full));
});
