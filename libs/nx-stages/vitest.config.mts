import { suites } from '../../vitest.base.mts';

export default suites({
  // It imports JSON in a way that Node itself refuses; bundled, it need not.
  deps: { optimizer: { ssr: { enabled: true, include: ['@actions/workflow-parser'] } } },
});
