import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeChart } from './write';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'chart-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const chart = (...templates: string[]) => ({
  name: 'shop',
  files: new Map([
    ['Chart.yaml', 'name: shop\n'],
    ...templates.map((each): [string, string] => [`templates/${each}`, 'a: b\n']),
  ]),
  secrets: 'environment: {}\n',
});
const at = (...path: string[]) => join(folder, ...path);

test('a chart replaces the one before it, with what that had more', async () => {
  await writeChart(chart('a.yaml', 'b.yaml'), at('shop'), 'shop');
  await writeChart(chart('a.yaml'), at('shop'), 'shop');
  expect(existsSync(at('shop/templates/a.yaml'))).toBe(true);
  expect(existsSync(at('shop/templates/b.yaml'))).toBe(false);
});

test('its secrets are for their owner alone, also where others could read them before', async () => {
  writeFileSync(at('shop.secrets.yaml'), 'old', { mode: 0o644 });
  await writeChart(chart(), at('shop'), 'shop');
  expect(statSync(at('shop.secrets.yaml')).mode & 0o777).toBe(0o600);
  expect(readFileSync(at('shop.secrets.yaml'), 'utf8')).toBe('environment: {}\n');
});

test('a folder with something else is left as it is', async () => {
  mkdirSync(at('shop/templates'), { recursive: true });
  writeFileSync(at('shop/templates/mine'), 'mine');
  await expect(writeChart(chart(), at('shop'), 'dist/shop')).rejects.toThrow(
    'dist/shop is there already, and is no chart',
  );
  expect(readFileSync(at('shop/templates/mine'), 'utf8')).toBe('mine');
  expect(existsSync(at('shop.secrets.yaml'))).toBe(false);
});
