import { defineConfig } from 'vitest/config';

// One story told in order: each test goes on from where the one before it ended.
export default defineConfig({
  test: {
    include: ['e2e/**/*.e2e.ts'],
    testTimeout: 20 * 60_000,
    hookTimeout: 5 * 60_000,
    fileParallelism: false,
    bail: 1,
  },
});
