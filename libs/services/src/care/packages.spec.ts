import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { askIndex, unknownLines } from './packages';

async function index(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const packages = (...names: string[]) => names.map((name) => ({ name, version: '1' }));
const known = JSON.stringify({ info: { version: '2' }, vulnerabilities: [] });

test('what the index does not have does not take the other answers away, and is told from an older one', async () => {
  const address = await index(({ url = '' }, response) => {
    const there = url.startsWith('/pypi/a/') || url === '/pypi/b/json';
    response.writeHead(there ? 200 : 404).end(known);
  });
  const answers = await askIndex(address, packages('a', 'b', 'own'), 5_000);
  expect(answers.get('a')).toMatchObject({ latest: '2', vulnerabilities: [] });
  expect(unknownLines(answers).sort()).toEqual([
    `? b: ${address} has no version 1`,
    `? own: ${address} has none`,
  ]);
});

test.each<[why: string, answer: RequestListener, reason: RegExp]>([
  ['a failure of the index', (_, response) => response.writeHead(503).end(), /answers 503$/],
  ['a page of a proxy', (_, response) => response.end('<html>'), /not answer as PyPI's JSON API/],
  ['no answer', () => undefined, /does not answer within 0\.3 s$/],
])('%s is named', async (_, answer, reason) => {
  const address = await index(answer);
  const [line] = unknownLines(await askIndex(address, packages('a'), 300));
  expect(line).toMatch(/^\? a: /);
  expect(line).toMatch(reason);
});

test('an index that is not there is named once for all packages', async () => {
  const gone = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => gone.once('listening', resolve));
  const address = `http://127.0.0.1:${(gone.address() as AddressInfo).port}`;
  await new Promise((resolve) => gone.close(resolve));
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const lines = unknownLines(await askIndex(address, packages(...names), 2_000));
  expect(lines).toEqual([`? 6 packages: ${address} cannot be reached (ECONNREFUSED)`]);
});
