import { isMainThread } from 'node:worker_threads';
import { afterAll, vi } from 'vitest';

// Units of a project share a process: what one spec file has set is none of the next one's business.
const before = { ...process.env };
const mask = process.umask();
const folder = process.cwd();

afterAll(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  vi.useRealTimers();
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
  // StrykerJS runs tests in a thread, which has neither of its own.
  if (!isMainThread) return;
  process.umask(mask);
  process.chdir(folder);
});
