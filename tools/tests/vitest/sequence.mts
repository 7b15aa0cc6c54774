import { join } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { expectedSeconds, recordedSeconds } from './takes.mts';

const workspace = join(import.meta.dirname, '../../..');

/** Within a budget most specs fit when the short ones come first; without one the long ones do. */
export class ShortestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const recorded = recordedSeconds();
    const seconds = ({ moduleId }: TestSpecification) =>
      expectedSeconds(moduleId, workspace, recorded);
    const sign = process.env['TEST_DEADLINE_MS'] ? 1 : -1;
    return [...files].sort((one, other) => sign * (seconds(one) - seconds(other)));
  }
}
