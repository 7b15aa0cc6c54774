import type { ImageConfig, LayerRecord } from '@excel2doc/oci';
import { expect, test } from 'vitest';
import { ageText, baseAge, isPackageList } from './age';

const layers = (...from: string[]) => from.map((each) => ({ from: each })) as LayerRecord[];
const config = (...history: NonNullable<ImageConfig['history']>) => ({ history }) as ImageConfig;
const day = (text: string) => Date.parse(text);

test('the base is as old as the newest step of its own; what is built on it has no say', () => {
  const image = config(
    { created: '2026-10-01T00:00:00Z' },
    { created: '2026-10-20T00:00:00Z', empty_layer: true },
    { created: '2026-10-21T00:00:00Z' },
    { created: '2026-11-27T00:00:00Z' },
  );
  expect(baseAge(layers('base', 'base', 'self'), image, [])).toEqual({
    createdMs: day('2026-10-21'),
  });
  expect(baseAge(layers('self'), image, [])).toEqual({});
});

test('a time that a builder set to nothing is none', () => {
  const image = config({ created: '1970-01-01T00:00:00Z' }, {});
  expect(baseAge(layers('base', 'base'), image, [0, 315_532_800])).toEqual({});
  expect(baseAge(layers('base', 'base'), image, [0, day('2026-11-02') / 1000])).toEqual({
    packagesMs: day('2026-11-02'),
  });
});

test.each([
  ['var/lib/dpkg/status', true],
  ['var/lib/dpkg/status.d/tzdata', true],
  ['lib/apk/db/installed', true],
  ['usr/lib/sysimage/rpm/rpmdb.sqlite', true],
  ['srv/var/lib/dpkg/status', false],
  ['var/lib/dpkg/status-old', false],
])('%s is a list of packages: %s', (path, is) => {
  expect(isPackageList(path)).toBe(is);
});

test.each([
  ['2026-11-27T00:00:00Z', '2026-11-27, today'],
  ['2026-11-26T00:00:00Z', '2026-11-26, 1 day ago'],
  ['2026-10-28T00:00:00Z', '2026-10-28, 30 days ago'],
])('%s is said as %s', (at, text) => {
  expect(ageText(day(at), day('2026-11-27T12:00:00Z'))).toBe(text);
});
