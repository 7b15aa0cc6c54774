import { expect, test } from 'vitest';
import { runArguments, variables } from './arguments';

const container = {
  root: '/shop',
  image: 'shop-api:dev',
  name: 'api',
  label: 'a=b',
  more: ['--port', '80'],
};

test('options are in the order in which docker run wants them', () => {
  const options = { ports: ['8000:80'], command: ['serve'], runArgs: ['--memory=1g'] };
  expect(runArguments(options, container)).toEqual(
    'run --pull=never --rm --name api --label a=b --publish 8000:80 --memory=1g shop-api:dev serve --port 80'.split(
      ' ',
    ),
  );
});

test('no value of a variable is an argument, but of one that the client would read itself', () => {
  const env = { TOKEN: 'secret', KEY: 'secret of\nlines', PATH: '/app/bin' };
  const args = runArguments({ env }, container).join(' ');
  expect(args).toContain('--env TOKEN --env KEY --env PATH=/app/bin');
  expect(variables({ env })).toEqual({ TOKEN: 'secret', KEY: 'secret of\nlines' });
});

test.each([
  ['data:/data', 'data:/data'],
  ['./data:/data:ro', '/shop/data:/data:ro'],
  ['apps/api/data:/data', '/shop/apps/api/data:/data'],
  ['/srv:/srv', '/srv:/srv'],
  ['/only', '/only'],
])('the volume %s', (given, taken) => {
  expect(runArguments({ volumes: [given] }, container)).toContain(taken);
});
