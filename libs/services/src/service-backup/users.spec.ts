import { expect, test } from 'vitest';
import { usersOfData } from './users';

const volume = (source: string) => [{ type: 'volume', source, target: `/${source}` }];
const after = (...names: string[]) => ({
  depends_on: Object.fromEntries(names.map((name) => [name, { condition: 'service_healthy' }])),
});
const services = {
  db: { image: 'postgres:17', volumes: volume('data') },
  cache: { image: 'redis:7', volumes: volume('cache') },
  web: { image: 'app', ...after('db', 'cache') },
  files: { image: 'nginx', volumes: volume('uploads') },
  front: { image: 'caddy', ...after('web') },
  backup: { image: 'keeper', volumes: volume('uploads'), ...after('db') },
  restore: { image: 'keeper', volumes: volume('uploads'), ...after('db') },
};

test('who needs the database or mounts what is restored is stopped, and nobody else', () => {
  expect(usersOfData({ services }, 'restore')).toEqual(['files', 'web']);
});
