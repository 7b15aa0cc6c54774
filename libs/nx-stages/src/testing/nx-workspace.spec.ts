import { afterAll, beforeAll, expect, test } from 'vitest';
import { NxWorkspace } from './nx-workspace';

const workspace = new NxWorkspace();
const commits = async () => Number(await workspace.git('rev-list', '--count', 'HEAD'));

beforeAll(() => workspace.start({ 'app.py': '1', '.gitignore': 'node_modules\nignored.py\n' }));
afterAll(() => workspace.remove());

test('an edit that git does not see is no commit, and an empty one is made where none is given', async () => {
  const before = await commits();
  await expect(workspace.commit(() => workspace.append('ignored.py'))).rejects.toMatchObject({
    code: 1,
  });
  expect(await commits()).toBe(before);
  await workspace.commit(() => workspace.append('app.py'));
  await workspace.commit();
  expect(await commits()).toBe(before + 2);
});
