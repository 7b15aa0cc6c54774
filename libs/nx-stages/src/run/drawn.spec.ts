import { expect, test } from 'vitest';
import { isDrawn, isHeldBack } from './drawn';

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
  expect(isDrawn(tasks(...projects), { argv, env, isTerminal: true })).toBe(drawn);
  expect(isDrawn(tasks(...projects), { argv, env, isTerminal: false })).toBe(false);
});

test.each([
  [['run-many', '-t', 'x'], {}, false, '23.2.1', true],
  [['affected', '-t', 'x'], {}, true, '23.2.1', true],
  [['run-many', '-t', 'x'], {}, false, '22.7.12', false],
  [['run-many', '-t', 'x'], {}, true, '22.7.12', true],
  [['run-many', '-t', 'x', '--output-style=static'], {}, true, '23.2.1', false],
  [['run-many', '-t', 'x'], { NX_VERBOSE_LOGGING: 'true' }, true, '23.2.1', false],
  [['run', 'api:x'], {}, true, '23.2.1', false],
])('%j with %j, a terminal %s, Nx %s: held back %s', (argv, env, isTerminal, version, held) => {
  expect(isHeldBack({ argv, env, isTerminal, version })).toBe(held);
});
