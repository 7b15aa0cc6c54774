import type { Skip } from './vitest/report.mts';

export interface PytestCounts {
  passed: number;
  failed: number;
  skips: Skip[];
}

/**
 * What pytest's own summary says (`pytest -ra`): the backend's tests run in a container, of which
 * nothing but its output comes back. A cached run counts too: Nx prints its output again.
 */
export function pytestCounts(output: string): PytestCounts {
  const counts: PytestCounts = { passed: 0, failed: 0, skips: [] };
  for (const line of output.split('\n')) {
    const skip = /\bSKIPPED \[(\d+)\] (\S+?)(?::\d+)?: (.+?)\s*$/.exec(line);
    if (skip) {
      const [, count, name = '', reason = ''] = skip;
      for (let at = 0; at < Number(count); at++) counts.skips.push({ name, reason });
    }
    if (!/\b\d+ (?:passed|failed|errors?|skipped)\b.* in \d[\d.]*s\b/.test(line)) continue;
    counts.passed += numberBefore('passed', line);
    counts.failed += numberBefore('failed', line) + numberBefore('errors?', line);
  }
  return counts;
}

function numberBefore(word: string, line: string): number {
  return Number(new RegExp(`(\\d+) ${word}\\b`).exec(line)?.[1] ?? 0);
}
