import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CreateNodesContext, TargetConfiguration } from '@nx/devkit';
import { describe, expect, test } from 'vitest';
import { CAUSE_IDS, RULES } from '@excel2doc/services';
import { createNodes } from './infer/create-nodes';

const workspaceRoot = resolve(__dirname, '../../..');
const page = (name: string) => readFileSync(join(workspaceRoot, 'docs', name), 'utf8');
const pages = { en: page('maintenance.md'), zh: page('maintenance.zh-CN.md') };

/** Every command of a page, in blocks and in tables. */
const commands = (text: string) =>
  [...text.matchAll(/npx nx run backend:[^\n`|]+/g)].map(([command]) => command.trim());

const files = ['apps/backend/Dockerfile', 'docker/compose.yaml'];
const nodes = createNodes(files, { imageName: 'excel2doc/{projectName}' }, {
  workspaceRoot,
} as CreateNodesContext);
const inferred = nodes[0]?.[1].projects?.['apps/backend']?.targets ?? {};
const { targets: own } = JSON.parse(
  readFileSync(join(workspaceRoot, 'apps/backend/project.json'), 'utf8'),
) as { targets: Record<string, TargetConfiguration> };
/** What is inferred, and over it, as Nx merges them, what the project declares besides. */
const targets: Record<string, TargetConfiguration> = {
  ...inferred,
  ...Object.fromEntries(
    Object.entries(own).map(([name, target]) => [name, { ...inferred[name], ...target }]),
  ),
};

function optionsOf(target: TargetConfiguration): Record<string, { type: string }> {
  const name = (target.executor ?? '').split(':')[1] ?? '';
  const file = join(__dirname, 'executors', name, 'schema.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { properties: never }).properties;
}

describe.each(Object.entries(pages))('the guide in %s', (_language, text) => {
  test.each([...new Set(commands(text))].filter((command) => !command.includes('<')))(
    '%s is a target with these options',
    (command) => {
      const [call = ''] = command.split(' -- ');
      const [, name = '', ...flags] = /^npx nx run backend:([\w-]+)\s*(.*)$/.exec(call) ?? [];
      const target = targets[name];
      expect(target).toBeDefined();
      const known = optionsOf(target!);
      for (const [, negated, option = ''] of flags.join(' ').matchAll(/--(no-)?([A-Za-z-]+)/g)) {
        expect(Object.keys(known)).toContain(option);
        if (negated) expect(known[option]?.type).toBe('boolean');
      }
      if (flags.join(' ').includes('-c production'))
        expect(Object.keys(target?.configurations ?? {})).toContain('production');
    },
  );

  test('names findings and rules that exist', () => {
    const checks = ['checks.ts', 'building.ts', 'dependencies.ts']
      .map((file) => readFileSync(join(workspaceRoot, 'libs/services/src/doctor', file), 'utf8'))
      .join();
    const ids = [...text.matchAll(/^\|.*$/gm)]
      .flatMap(([row]) => [...row.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)])
      .map(([, id = '']) => id);
    const known = [...CAUSE_IDS, ...RULES.map(({ id }) => id)];
    const unknown = ids.filter((id) => !known.includes(id) && !checks.includes(`'${id}'`));
    expect(unknown).toEqual([]);
    expect(ids.length).toBeGreaterThan(20);
  });
});

test('both languages have the same commands in the same order', () => {
  expect(commands(pages.zh).filter((each) => !each.includes('<'))).toEqual(
    commands(pages.en).filter((each) => !each.includes('<')),
  );
});

test('every docker command of the old guide has a row', () => {
  const old = [
    ...['up -d postgres redis', 'ps', 'build backend', 'up -d backend', 'logs -f backend'],
    ...['restart backend', 'down', 'build --no-cache backend', 'logs backend'],
    ...['exec postgres psql -U excel2doc -d excel2doc', 'exec backend alembic upgrade head'],
    ...['exec backend alembic history', 'exec backend /bin/bash', 'exec backend pytest'],
    ...['exec backend pip list'],
  ].map((each) => `docker-compose ${each}`);
  const others = [
    'docker image prune',
    'docker builder prune',
    'docker stats',
    'curl http://localhost:8000/health',
  ];
  for (const text of Object.values(pages))
    for (const command of [...old, ...others]) expect(text).toContain(`\`${command}\``);
});

test('the files that the guide names are there', () => {
  for (const file of ['docker/compose.prod.yaml', 'docker/caddy/Caddyfile'])
    expect(existsSync(join(workspaceRoot, file))).toBe(true);
});
