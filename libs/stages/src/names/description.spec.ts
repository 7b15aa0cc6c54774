import { expect, test } from 'vitest';
import { COMMIT, facts } from '../testing/facts';
import type { Describing } from './describing';
import {
  annotationsAt,
  checkDescription,
  description,
  followsCommit,
  unplaced,
} from './description';

const OCI = 'org.opencontainers.image';
const dirty = { why: 'what the image is made of is not as the commit has it' };

test('oci is what git and CI say; what is not known is left out, named, and takes the old one away', () => {
  const known = description({ labels: ['oci'] }, facts({ version: { value: '1.2.3' } }));
  expect(known).toEqual({
    labels: {
      [`${OCI}.source`]: 'https://git.example.com/team/shop',
      [`${OCI}.revision`]: COMMIT,
      [`${OCI}.created`]: '2026-03-07T14:00:00Z',
      [`${OCI}.version`]: '1.2.3',
    },
    annotations: [],
    notes: [],
  });
  const of = facts({ commit: dirty, committed: dirty, version: dirty });
  const { labels, notes } = description({ labels: ['oci'] }, of);
  expect(labels).toMatchObject({ [`${OCI}.revision`]: null, [`${OCI}.created`]: null });
  expect(notes).toContain(`labels: ${OCI}.revision is left out: ${dirty.why}`);
});

test('a Compose or Bake file is taken as it is written; options go before it, later ones before earlier', () => {
  const declared = { labels: { a: '{{commit}}', b: 'file' } };
  const { labels } = description({ declared, labels: ['b=one', 'b={{sha}}', 'c=x=y'] }, facts());
  expect(labels).toEqual({ a: '{{commit}}', b: '1234567', c: 'x=y' });
});

test('annotations stand where they are said to; of the manifest where nothing is said', () => {
  const annotations = [
    'a=1',
    'index:b=2',
    'manifest,index:c=3',
    'manifest[linux/arm64]:d=4',
    'manifest-descriptor:e=https://x:1/',
    'https://not.a/place:f=5',
  ];
  const declared = { annotations: ['index:g={{x}}', 'a=0'] };
  const { annotations: all } = description({ annotations, declared }, facts());
  expect(annotationsAt(all, 'manifest', 'linux/amd64')).toEqual({
    a: '1',
    c: '3',
    'https://not.a/place:f': '5',
  });
  expect(annotationsAt(all, 'manifest', 'linux/arm64')).toMatchObject({ d: '4' });
  expect(annotationsAt(all, 'index')).toEqual({ b: '2', c: '3', g: '{{x}}' });
  expect(annotationsAt(all, 'manifest-descriptor', 'linux/amd64')).toEqual({ e: 'https://x:1/' });
  expect(unplaced({ labels: {}, annotations: all, notes: [] }, ['linux/amd64'])).toEqual(
    ['g', 'b', 'd', 'e'].map((key) => expect.stringContaining(`annotations: ${key} is left out`)),
  );
  expect(
    unplaced({ labels: {}, annotations: all, notes: [] }, ['linux/amd64', 'linux/arm64']),
  ).toEqual([]);
});

test('as Nx parts what was typed, it is read the same', () => {
  const typed = { annotations: ['manifest', 'index:a=1', 'b=2'] };
  const written = { annotations: ['manifest,index:a=1', 'b=2'] };
  expect(description(typed, facts())).toEqual(description(written, facts()));
  expect(description({ labels: 'a=1,b=2' }, facts()).labels).toEqual({ a: '1', b: '2' });
});

test.each<[Describing, RegExp]>([
  [{ labels: ['vendor'] }, /labels: "vendor": it has no value/],
  [{ labels: ['=x'] }, /labels: "=x": it has no name/],
  [{ labels: ['a={{committ}}'] }, /there is no \{\{committ\}\}/],
  [{ labels: ["a={{date 'YYYY'}}"] }, /each build would be another image/],
  [{ labels: ["a={{commit_date 'QQ'}}"] }, /labels: "a=\{\{commit_date 'QQ'\}\}"/],
  [{ labels: ['a={{commit'] }, /is not closed/],
  [{ annotations: ['index-descriptor:a=1'] }, /no index-descriptor/],
  [{ annotations: ['index'] }, /it has no value/],
  [{ declared: { annotations: ['index'] } }, /it has no value/],
])('%j is refused', (describing, message) => {
  expect(() => checkDescription(describing)).toThrow(
    expect.objectContaining({ code: 'LABEL_INVALID', message: expect.stringMatching(message) }),
  );
});

test.each<[string, boolean]>([
  ['oci', true],
  ['a={{branch}}', true],
  ['a={{version}} of {{source}}', false],
  ['a=b', false],
])('%s follows the commit: %s', (label, follows) => {
  expect(followsCommit({ labels: [label] })).toBe(follows);
});
