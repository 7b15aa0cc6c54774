// Takes 40 s.
import { afterAll, expect, test } from 'vitest';
import { NxWorkspace } from '../testing/nx-workspace';

const workspace = new NxWorkspace();
afterAll(() => workspace.remove());

const project = (name: string, image: string) =>
  JSON.stringify({ name, targets: { 'docker-build': { options: { image } } } });

test('edges follow what other files say, while the Dockerfile that has them stays as it is', async () => {
  await workspace.start({
    'low/project.json': project('low', 'team/low'),
    'low/Dockerfile': 'FROM scratch\nCOPY low.txt /\n',
    'other/project.json': project('other', 'team/other'),
    'other/Dockerfile': 'FROM scratch\nCOPY other.txt /\n',
    'api/project.json': '{"name":"api"}',
    'api/Dockerfile': 'FROM team/low:dev\nCOPY --from=team/tool /a /a\n',
  });
  expect(await workspace.edges()).toEqual(['api -> low']);
  workspace.write({ 'low/project.json': project('below', 'team/low') });
  expect(await workspace.edges(), 'a project has another name').toEqual(['api -> below']);
  workspace.write({ 'other/project.json': project('other', 'team/tool') });
  expect(await workspace.edges(), 'an image has the name').toEqual([
    'api -> below',
    'api -> other',
  ]);
  workspace.write({ 'low/project.json': project('below', 'team/elsewhere') });
  expect(await workspace.edges(), 'an image has it no more').toEqual(['api -> other']);
}, 300_000);
