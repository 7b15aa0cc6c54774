import { describe, expect, it } from 'vitest';
import { workspaceLock } from './lock';
import { RECIPES } from './recipe';

describe('docker/images.lock.json', () => {
  it('locks every image that has a stand-in', async () => {
    const lock = await workspaceLock();
    for (const { reference } of RECIPES) {
      expect(lock.images[reference]?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    }
  });
});
