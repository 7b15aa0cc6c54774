/** What a run of Vitest leaves in dist/tests/<project>/<target>.json, and Nx restores with a hit. */
export interface TestReport {
  format: 1;
  files: FileReport[];
  /** What went wrong outside of any test. */
  errors: string[];
}

export interface FileReport {
  /** Relative to the workspace. */
  file: string;
  durationMs: number;
  passed: number;
  failures: { name: string; message: string }[];
  skips: Skip[];
  /** What failed in a first run and did not in a second. */
  flaky?: { name: string; message: string }[];
}

export interface Skip {
  name: string;
  reason: string;
}

/** How the reason begins where a program is absent: on a CI machine that is a failure. */
export const MISSING = 'missing: ';

/** Why a skip is a failure; undefined where it may be. */
export function faultOf({ reason }: Skip, isCi: boolean): string | undefined {
  if (reason === '') return 'it is skipped and does not say why';
  return isCi && reason.startsWith(MISSING)
    ? `on a CI machine it must not be skipped (${reason})`
    : undefined;
}
