import { suites } from '../../vitest.base.mts';

export default suites({ together: true });
