import { expect, test } from 'vitest';
import { isDrawn } from './drawn';

const tasks = (...projects: string[]) => ({
  tasks: Object.fromEntries(
    projects.map((project) => [project, { target: { project, target: 'docker-build' } }]),
  ) as never,
});

test.each([
  [['run', 'api:docker-build'], ['api'], {}, false],
  [['run', 'api:docker-build'], ['api', 'base'], {}, true],
  [['run-many', '-t', 'docker-build'], ['api'], {}, true],
  [['affected', '-t', 'docker-build'], ['api'], {}, true],
  [['run-many', '-t', 'x', '--output-style=static'], ['api'], {}, false],
  [['run-many', '-t', 'x', '--outputStyle', 'stream'], ['api'], {}, false],
  [['run-many', '-t', 'x', '--outputStyle=dynamic-legacy'], ['api'], {}, true],
  [['run-many', '-t', 'x'], ['api'], { NX_DEFAULT_OUTPUT_STYLE: 'static' }, false],
  [['run-many', '-t', 'x'], ['api'], { NX_VERBOSE_LOGGING: 'true' }, false],
])('%j of %j with %j: drawn in a terminal %s', (argv, projects, env, drawn) => {
  expect(isDrawn(tasks(...projects), ['node', 'nx', ...argv], env, true)).toBe(drawn);
  expect(isDrawn(tasks(...projects), ['node', 'nx', ...argv], env, false)).toBe(false);
});
