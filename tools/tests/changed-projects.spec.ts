import { expect, test } from 'vitest';
import { projectsOf } from './changed-projects';

test('a file changes the project in whose folder it lies, and none whose name it only begins with', () => {
  const roots = { oci: 'libs/oci', 'oci-more': 'libs/oci-more', tools: 'tools' };
  expect(projectsOf(['libs/oci-more/src/a.ts', 'README.md'], roots)).toEqual(['oci-more']);
  expect(projectsOf(['tools/a', 'libs/oci/b', 'libs/oci/c'], roots)).toEqual(['oci', 'tools']);
});
