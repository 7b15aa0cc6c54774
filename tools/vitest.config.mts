import { defineConfig } from 'vitest/config';

/** Real processes and an engine on machines that are busy: slow is not wrong. */
export default defineConfig({
  test: {
    exclude: ['e2e/**', '**/node_modules/**'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
