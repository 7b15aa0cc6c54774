import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { gatherPreflight } from './gather';
import { breaches } from './rules';

const workspaceRoot = resolve(__dirname, '../../../..');
const subject = {
  workspaceRoot,
  dockerfile: 'apps/backend/Dockerfile',
  image: 'excel2doc/backend',
  envFile: 'docker/.env.no-such-file',
};

test("this workspace's production configuration keeps every rule, without any secret at hand", async () => {
  const files = ['docker/compose.yaml', 'docker/compose.prod.yaml'];
  const facts = await gatherPreflight({ ...subject, files });
  expect(breaches(facts)).toEqual([]);
  const names = ['backend', 'caddy', 'postgres', 'redis', 'worker'];
  expect(Object.keys(facts.services).sort()).toEqual(names);
});

test('the configuration for one machine does not pass for production', async () => {
  const facts = await gatherPreflight({ ...subject, files: ['docker/compose.yaml'] });
  const broken = breaches(facts).map(({ rule, service }) => `${rule.id}:${service}`);
  expect(broken).toEqual(
    expect.arrayContaining([
      'log-rotation:backend',
      'memory-limit:postgres',
      'image-pinned:backend',
    ]),
  );
});
