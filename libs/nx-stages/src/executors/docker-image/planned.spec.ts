import type { Task } from '@nx/devkit';
import { expect, it } from 'vitest';
import type { RunContext } from '../project';
import { besidesPlan } from './planned';

/** What stands in a stage's key besides its plan, with these options of its target. */
function besides(options: object): unknown {
  const target = { project: 'api', target: 'docker-deps' };
  const task = { id: 'api:docker-deps', target, overrides: {}, outputs: [] } as unknown as Task;
  const projects = { api: { root: 'api', targets: { 'docker-deps': { options } } } };
  const context = { root: '/w', projectsConfigurations: { version: 2, projects } };
  return besidesPlan(task, context as unknown as RunContext);
}

it('a stage has one key, be its cache mounts kept or not, and whoever runs its steps', () => {
  const stage = { stage: 'deps' };
  const kept = { ...stage, cacheMounts: { budget: '2GB' } };
  expect(besides(kept)).toEqual(besides(stage));
  const builders = { '*': ['one', 'two'], 'linux/arm64': 'arm' };
  expect(besides({ ...stage, builders })).toEqual(besides(stage));
  expect(besides({ ...stage, layersInCache: true })).not.toEqual(besides(stage));
});
