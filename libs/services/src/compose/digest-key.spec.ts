import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { digestKey } from './digest-key';

test('a project has one key, which nobody else may read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'digest-key-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const key = await digestKey(join(folder, 'new'), 'shop');
  expect(key).toMatch(/^[0-9a-f]{32}$/);
  expect(await digestKey(join(folder, 'new'), 'shop')).toBe(key);
  expect(await digestKey(join(folder, 'new'), 'other')).not.toBe(key);
  expect(statSync(join(folder, 'new', 'shop.key')).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(folder, 'new')).sort()).toEqual(['other.key', 'shop.key']);
});
