export interface TestCounts {
  passed: number;
  failed: number;
}

/**
 * Adds up the closing lines of every Vitest and pytest run in Nx's output (colours removed). Cached
 * runs count too: Nx prints their output again.
 */
export function countTests(output: string): TestCounts {
  const counts = { passed: 0, failed: 0 };
  for (const line of output.split('\n')) {
    const isVitest = /^(?:.*\s)?Tests  +.*\(\d+\)\s*$/.test(line);
    const isPytest =
      /=+ .*\d+ (?:passed|failed|error).* in [\d.]+s/.test(line) ||
      /\b\d+ (?:passed|failed).* in [\d.]+s/.test(line);
    if (!isVitest && !isPytest) continue;
    counts.passed += Number(/(\d+) passed/.exec(line)?.[1] ?? 0);
    counts.failed +=
      Number(/(\d+) failed/.exec(line)?.[1] ?? 0) + Number(/(\d+) errors?/.exec(line)?.[1] ?? 0);
  }
  return counts;
}
