import { defineConfig } from 'vitest/config';

/** Real processes, registries and engines on machines that are busy: slow is not wrong. */
export default defineConfig({ test: { testTimeout: 120_000, hookTimeout: 120_000 } });
