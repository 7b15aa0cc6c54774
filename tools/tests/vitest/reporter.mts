import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';
import { fileReport } from './file-report.mts';
import type { TestReport } from './report.mts';

/** Writes down what ran, and fails a run in which a test was skipped that must not be. */
export class ReportWriter implements Reporter {
  /** @param to `workspace` and `out` are absolute; without `out` nothing is written */
  constructor(private readonly to: { workspace: string; out: string | undefined; isCi: boolean }) {}

  onInit(): void {
    console.log(`TEST_SEED=${process.env['TEST_SEED']}`);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const { workspace, out, isCi } = this.to;
    const files = modules.map((each) => fileReport(each, relative(workspace, each.moduleId), isCi));
    for (const [at, { file, failures }] of files.entries()) {
      // Vitest itself knows nothing of these, so it would call the run passed.
      if (failures.length === 0 || !modules[at]?.ok()) continue;
      for (const { name, message } of failures) console.error(`${file}: ${name}: ${message}`);
      process.exitCode = 1;
    }
    if (out === undefined) return;
    const report: TestReport = {
      format: 1,
      files,
      errors: unhandled.map(({ message }) => message),
    };
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, `${JSON.stringify(report, undefined, 1)}\n`);
  }
}
