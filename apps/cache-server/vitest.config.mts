import { suites } from '../../vitest.base.mts';

export default suites({
  globalSetup: './test/global-setup.ts',
  expect: { poll: { timeout: 60_000, interval: 50 } },
});
