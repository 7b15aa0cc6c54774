import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.spec.ts', 'test/**/*.{spec,e2e}.ts'],
    globalSetup: './test/global-setup.ts',
    // On a busy machine everything takes a while; what never comes is still noticed.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 50 } },
  },
});
