import { describe, expect, test } from 'vitest';
import { parseContainer } from '../compose/container';
import { planPrune, type PruneFacts } from './prune';

const container = (name: string, Status: string, oneOff = false) =>
  parseContainer({
    Id: name,
    Name: `/${name}`,
    Image: 'sha256:used',
    Created: '2026-11-24T08:00:00Z',
    RestartCount: 0,
    Config: {
      Image: 'acme/api:dev',
      Labels: { 'com.docker.compose.oneoff': oneOff ? 'True' : 'False' },
    },
    State: { Status, ExitCode: 1 },
  });
const image = (id: string, tags: string[], layers: string[] = []) => ({
  id,
  tags,
  layers,
  sizeBytes: 10,
});

const facts: PruneFacts = {
  containers: [
    container('run', 'running'),
    container('ended', 'exited'),
    container('new', 'created'),
    container('try', 'created', true),
  ],
  usedImages: new Set(['used']),
  images: [],
  repository: 'acme/api',
  keepTags: ['abc123abc123'],
  ownLayers: new Set(['sha256:own']),
};
const pruned = (...images: PruneFacts['images']) =>
  planPrune({ ...facts, images }).images.map(({ id, references }) => [id, ...references]);

test('containers that ended go, and one-off ones that never started; what runs or waits stays', () => {
  expect(planPrune(facts).containers.map(({ name }) => name)).toEqual(['ended', 'try']);
});

describe('an image', () => {
  test.each([
    ['that a container uses', image('used', ['acme/api:0123456789ab'])],
    ['of another name', image('a', ['acme/api-docs:old'])],
    ['that has another name, too', image('a', ['acme/api:0123456789ab', 'mine:keep'])],
    ['that is current', image('a', ['acme/api:0123456789ab', 'acme/api:dev'])],
    ['of the commit that is checked out', image('a', ['acme/api:abc123abc123'])],
    ['with a tag that somebody gave', image('a', ['acme/api:0123456789ab', 'acme/api:e2e'])],
    ['that something could be rolled back to', image('a', ['acme/api:running-shop'])],
    ['without a name, of somebody else', image('a', [], ['sha256:theirs'])],
  ])('%s stays', (_what, each) => {
    expect(pruned(each)).toEqual([]);
  });

  test('that newer ones superseded goes, with all its tags', () => {
    expect(pruned(image('a', ['acme/api:111111111111', 'acme/api:222222222222']))).toEqual([
      ['a', 'acme/api:111111111111', 'acme/api:222222222222'],
    ]);
  });

  test('without a name goes when it holds a layer of this project', () => {
    expect(pruned(image('a', [], ['sha256:base', 'sha256:own']))).toEqual([['a', 'a']]);
  });
});
