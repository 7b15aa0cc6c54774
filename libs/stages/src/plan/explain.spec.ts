import type { StagePlan } from '@excel2doc/dockerfile';
import { expect, test } from 'vitest';
import { explainStages } from './explain';
import { IMAGE_FORMAT, type KeyedPlan } from './make';

const plan = (stage: string, changes: Partial<StagePlan> = {}): KeyedPlan => ({
  format: 1,
  imageFormat: IMAGE_FORMAT,
  stage,
  platforms: [
    {
      platform: 'linux/amd64',
      output: { kind: 'image' },
      base: { kind: 'scratch' },
      instructions: [{ keyword: 'COPY', text: 'COPY app app' }],
      args: {},
      stages: [],
      images: [],
      files: [{ path: 'app/a', type: 'file', mode: '0644', digest: 'sha256:1' }],
      wholeContext: [],
      uncacheable: [],
      ...changes,
    },
  ],
});
const built = (...plans: KeyedPlan[]) => new Map(plans.map((each) => [each.stage, each]));

test('a stage whose plan is the one that was built is a hit', () => {
  const [deps] = explainStages([plan('deps')], built(plan('deps')));
  expect(deps).toMatchObject({ state: 'hit', reasons: [] });
});

test('a changed file is named, and so is what builds on the stage', () => {
  const files = [{ path: 'app/a', type: 'file' as const, mode: '0644', digest: 'sha256:2' }];
  const runner = plan('runner', { base: { kind: 'stage', stage: 'deps' }, stages: ['deps'] });
  const [deps, above] = explainStages(
    [plan('deps', { files }), runner],
    built(plan('deps'), runner),
  );
  expect(deps?.state).toBe('rebuild');
  expect(deps?.reasons.join()).toContain('app/a');
  expect(above).toMatchObject({
    state: 'rebuild',
    reasons: ['deps, which it builds on, is built again'],
  });
});

test('a stage that another version of the plugin made is built again', () => {
  const old = { ...plan('deps'), imageFormat: IMAGE_FORMAT - 1 };
  const [deps] = explainStages([plan('deps')], built(old));
  expect(deps).toMatchObject({
    state: 'rebuild',
    reasons: ['made by another version of the plugin'],
  });
});

test('a stage whose layers were compressed otherwise says how', () => {
  const zstd = { ...plan('deps'), compression: { kind: 'zstd' as const, version: '1.5.7' } };
  const [deps] = explainStages([zstd], built(plan('deps')));
  expect(deps).toMatchObject({
    state: 'rebuild',
    reasons: ['its layers were compressed with gzip, now it is zstd 1.5.7'],
  });
});

test('a layer a package where there was one a COPY is a reason', () => {
  const [deps] = explainStages([{ ...plan('deps'), layering: 'package' }], built(plan('deps')));
  expect(deps).toMatchObject({
    state: 'rebuild',
    reasons: ['its layers were one a COPY, now one a package'],
  });
});

test('packages that another version of the plugin gathers otherwise are a reason', () => {
  const by = (packageFormat: number): KeyedPlan => ({
    ...plan('deps'),
    layering: 'package',
    packageFormat,
  });
  expect(explainStages([by(2)], built(by(1)))[0]).toMatchObject({
    state: 'rebuild',
    reasons: ['its packages are gathered in other layers'],
  });
  expect(explainStages([by(2)], built(by(2)))[0]).toMatchObject({ state: 'hit' });
});

test('a stage that was never built here says so', () => {
  const [deps] = explainStages([plan('deps')], built());
  expect(deps).toMatchObject({ state: 'unknown', reasons: ['it was not built here yet'] });
});

test('a stage that is not cached is never a hit', () => {
  const uncached = plan('deps', { uncacheable: [{ reason: 'its base is not locked' }] });
  const [deps] = explainStages([uncached], built(uncached));
  expect(deps).toMatchObject({
    state: 'rebuild',
    notes: ['is not cached: its base is not locked'],
  });
});
