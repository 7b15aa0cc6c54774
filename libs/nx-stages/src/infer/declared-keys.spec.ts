import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ExecutorContext } from '@nx/devkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refuseUnread } from '../executors/docker-plan/unread';
import { InferredWorkspace } from '../testing/inferred';
import { BAKE_TARGET_KEYS, COMPOSE_BUILD_KEYS, refusedKeys } from './declared-keys';

const docs = resolve(__dirname, '../../../../docs');
const words = {
  'compose-and-bake.md': { used: 'used', refused: 'refused by name', idle: 'no effect here' },
  'compose-and-bake.zh-CN.md': { used: '采用', refused: '点名拒绝', idle: '在这里不起作用' },
};

test.each(Object.entries(words))('%s has every key, with what is done', (page, word) => {
  const [, compose = '', bake = ''] = readFileSync(join(docs, page), 'utf8').split(/^## /m);
  for (const [section, table] of [
    [compose, COMPOSE_BUILD_KEYS],
    [bake, BAKE_TARGET_KEYS],
  ] as const) {
    const rows = [...section.matchAll(/^\| `([\w-]+)` +\| (.+?) +\|$/gm)].map(([, key, done]) => [
      key,
      done,
    ]);
    expect(rows).toEqual(Object.entries(table).map(([key, done]) => [key, word[done]]));
  }
});

test('a key that nobody knows is refused, and one that is empty or an extension is not', () => {
  const build = {
    context: '.',
    labels: {},
    tags: ['a'],
    'x-note': 'n',
    newest: 'x',
    network: 'host',
  };
  expect(refusedKeys(build, COMPOSE_BUILD_KEYS)).toEqual(['network', 'newest']);
});

describe('docker-plan', () => {
  let workspace: InferredWorkspace;
  beforeEach(() => {
    workspace = new InferredWorkspace();
  });
  afterEach(() => workspace.remove());

  /** What the executor says of a workspace whose project is `api`. */
  function plan(files: Record<string, string>, buildArgs?: Record<string, string>) {
    const projects = workspace.infer({ 'api/Dockerfile': 'FROM a\nARG NAME=x\n', ...files });
    const context = {
      projectName: 'api',
      projectsConfigurations: { version: 2, projects: { api: projects['api'] } },
    } as unknown as ExecutorContext;
    const { options } = projects['api']!.targets!['docker-plan']!;
    return () => refuseUnread({ ...options, ...(buildArgs && { buildArgs }) }, context);
  }

  const bake = 'target "api" {\n  context = "api"\n  args = { NAME = upper("x") }\n}\n';

  test('refuses an argument that is an expression, until its value is given', () => {
    expect(plan({ 'docker-bake.hcl': bake })).toThrow('docker-bake.hcl, api: args.NAME');
    expect(plan({ 'docker-bake.hcl': bake }, { NAME: 'X' })).not.toThrow();
  });

  test.each([
    ['contexts = { base = "https://example.com/base.git" }', 'contexts.base (it is fetched'],
    ['contexts = { base = upper("x") }', 'contexts.base (its value is an expression)'],
    ['contexts = { base = "../base" }', 'contexts.base (it is outside of the workspace)'],
    ['contexts = { base = "oci-layout://base:1" }', 'contexts.base (it names no digest'],
    ['matrix = { A = ["1"] }', 'matrix'],
    ['platforms = [upper("x")]', 'platforms'],
    ['secret = ["id=${upper("x")}"]', 'secret'],
    ['ssh = [upper("x")]', 'ssh'],
    ['labels = { a = upper("x") }', 'labels.a'],
    ['annotations = [upper("x")]', 'annotations'],
  ])('refuses %s of a Bake target', (line, key) => {
    const file = { 'docker-bake.hcl': `target "api" {\n  context = "api"\n  ${line}\n}\n` };
    expect(plan(file)).toThrow(`docker-bake.hcl, api: ${key}`);
  });

  test('refuses what a Compose file says and is not carried out, and takes the rest', () => {
    const compose = (build: string) => ({
      'compose.yaml': `services: { api: { build: { context: api, ${build} } } }\n`,
    });
    expect(plan(compose('network: host, additional_contexts: { b: ../b }'))).toThrow(
      'compose.yaml, api: additional_contexts.b (it is outside of the workspace); compose.yaml, api: network',
    );
    expect(plan(compose('tags: [a], cache_from: [b], args: { NAME: y }'))).not.toThrow();
  });
});
