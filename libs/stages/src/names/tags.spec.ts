import { expect, test } from 'vitest';
import type { TagFacts } from './facts';
import { COMMIT, facts } from '../testing/facts';
import { imageTag, imageTags, namedTags } from './tags';

const DIGEST = `sha256:${'d'.repeat(64)}`;

const version = (tag: string) => facts({ gitTags: { value: [tag] } });

/** The README of docker/metadata-action has these, but for `latest`, which nobody gets unasked. */
test.each<[string, TagFacts, string]>([
  ['type=ref,event=branch', facts({ branch: { value: 'feature/login' } }), 'feature-login'],
  ['type=ref,event=branch', facts({ branch: { value: '-.odd//名' } }), 'odd-'],
  ['type=ref,event=pr', facts({ pullRequest: { value: '318' } }), 'pr-318'],
  ['type=ref,event=tag', version('v1.2.3'), 'v1.2.3'],
  ['type=ref,event=branch,suffix=-{{sha}}', facts(), 'main-1234567'],
  ['type=sha', facts(), 'sha-1234567'],
  ['type=sha,format=long,prefix=', facts(), COMMIT],
  ['type=semver,pattern={{version}}', version('v1.2.3'), '1.2.3'],
  ['type=semver,pattern={{raw}}', version('v1.2.3'), 'v1.2.3'],
  ['type=semver,pattern={{major}}.{{minor}}', version('v1.2.3'), '1.2'],
  ['type=semver,pattern=v{{major}}', version('v1.2.3'), 'v1'],
  ['type=semver,pattern={{major}}.{{minor}}', version('v2.0.8-beta.67'), '2.0.8-beta.67'],
  ['type=semver,pattern={{version}}', version('1.0.0+build.5'), '1.0.0-build.5'],
  [
    'type=semver,pattern={{version}}',
    facts({ gitTags: { value: ['web@9.9.9', 'api@1.2.3'] } }),
    '1.2.3',
  ],
  ['type=semver,pattern={{major}},value=v7.1.0', facts(), '7'],
  ['type=match,pattern=v(\\d.\\d),group=1', version('v2.0.8-beta.67'), '2.0'],
  ['type=match,"pattern=\\d{1,3}"', version('20200110-RC2'), '202'],
  ['type=schedule', facts({ isScheduled: true }), 'nightly'],
  ["type=schedule,pattern={{date 'YYYYMMDD'}}", facts({ isScheduled: true }), '20260307'],
  ["{{date 'YY.MM.DD-HHmmss'}}", facts(), '26.03.07-220405'],
  ["{{date 'YYYYMMDD' tz='Asia/Shanghai'}}", facts(), '20260308'],
  ["{{date 'X'}}", facts(), '1772921045'],
  ['type=edge', facts(), 'edge'],
  ['type=raw,value=latest,enable={{is_default_branch}}', facts(), 'latest'],
  ['type=raw,latest', facts(), 'latest'],
  ['{{branch}}-{{sha}}', facts({ branch: { value: 'a/b' } }), 'a-b-1234567'],
  [`type=ref,event=branch`, facts({ branch: { value: 'x'.repeat(300) } }), 'x'.repeat(128)],
])('%s', (entry, of, tag) => {
  expect(namedTags({ tags: [entry], skipDefaultTag: true }, of)).toEqual({
    tags: [tag],
    notes: [],
  });
});

test.each<[string, TagFacts, string]>([
  ['type=ref,event=branch', facts({ branch: { why: 'HEAD is detached' } }), 'HEAD is detached'],
  [
    'type=ref,event=branch',
    facts({ branch: { value: '功能' } }),
    'nothing of "功能" may stand in a tag',
  ],
  ['type=sha', facts({ commit: { why: 'not as the commit has it' } }), 'not as the commit has it'],
  ['type=semver,pattern={{version}}', version('nightly'), 'nightly: no version'],
  [
    'type=semver,pattern={{version}}',
    facts({ gitTags: { value: ['v1.0.0', 'v1.0.1'] } }),
    'several versions',
  ],
  [
    'type=ref,event=tag',
    facts({ gitTags: { value: ['a', 'b'] } }),
    'several tags of git are at the commit (a, b)',
  ],
  ['type=schedule', facts(), 'no schedule started this'],
  ['type=edge,branch=next', facts(), 'the branch is not next'],
  [
    'type=raw,value=latest,enable={{is_default_branch}}',
    facts({ defaultBranch: { why: 'not known' } }),
    'not known',
  ],
  ['type=raw,value=latest,enable=false', facts(), 'enable=false'],
])('%s gives no tag, and says why', (entry, of, why) => {
  const { tags, notes } = namedTags({ tags: [entry] }, of, {});
  expect(tags).toEqual(['dev']);
  expect(notes).toEqual([expect.stringContaining(why)]);
  expect(notes[0]).toContain(`"${entry}"`);
});

test.each([
  ['type=branch', 'there is no type "branch"'],
  ['type=reff,event=branch', 'Did you mean "ref"?'],
  ['type=ref', 'type=ref wants event='],
  ['type=ref,event=push', '"push" is no event'],
  ['type=ref,event=branch,patern=x', 'has no "patern"'],
  ['type=semver,pattern={{verison}}', 'Did you mean "version"?'],
  ['type=semver,pattern={{version', 'not closed'],
  ['type=match,pattern=v(', 'Unterminated group'],
  ['my tag', 'a tag has no " "'],
  ['type=ref,event=branch,prefix=a/', 'a tag has no "/"'],
  ['event=branch', 'it says no type'],
  ["{{date 'DD MMM'}}", 'a tag has no'],
])('%s is refused: %s', (entry, why) => {
  let said = '';
  try {
    namedTags({ tags: [entry] }, facts());
  } catch (error) {
    const { message, hint, code } = error as { message: string; hint: string; code: string };
    expect(code).toBe('TAG_INVALID');
    said = `${message} ${hint}`;
  }
  // The date is only looked at when it is written.
  if (!entry.includes('MMM')) expect(said).toContain(why);
  else expect(said).toContain('is no date');
});

test('the order is that of docker/metadata-action; the default is first, commit and digest last', () => {
  const tags = ['type=sha', 'latest', 'type=ref,event=branch', 'type=semver,pattern={{version}}'];
  expect(imageTags({ tags }, version('v1.2.3'), DIGEST, {}).tags).toEqual([
    ...['dev', '1.2.3', 'main', 'latest', 'sha-1234567', '1234567890ab', 'dddddddddddd'],
  ]);
  expect(imageTags({ tags, skipDefaultTag: true }, version('v1.2.3'), DIGEST, {}).tags[0]).toBe(
    '1.2.3',
  );
});

test('what is not as the commit has it is not named after the commit', () => {
  const of = facts({ commit: { why: 'dirty' } });
  expect(imageTags({}, of, DIGEST, {}).tags).toEqual(['dev', 'dddddddddddd']);
});

test('an image without any tag is refused, with what was left out', () => {
  const naming = { tags: ['type=schedule'], skipDefaultTag: true };
  expect(() => namedTags(naming, facts())).toThrow('no schedule started this');
});

test('entries that Nx parted at their commas on a command line are put together', () => {
  const tags = ['type=semver', 'pattern={{version}}', 'type=ref', 'event=branch', 'latest'];
  expect(namedTags({ tags }, version('v1.2.3'), {}).tags).toEqual([
    'dev',
    '1.2.3',
    'main',
    'latest',
  ]);
});

test('a tag that no engine would take is refused with one that it would', () => {
  expect(imageTag('v1.2')).toBe('v1.2');
  expect(() => imageTag('feature/login')).toThrow('"feature/login": it is no tag');
  expect(() => imageTag(undefined, { NX_STAGES_TAG: '-x' })).toThrow('NX_STAGES_TAG=-x');
});
