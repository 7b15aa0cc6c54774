import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';

/** More than a pipe holds, so that it is still being sent when the batch has ended. */
const bytes = 4_000_000;

/** As Nx's run-batch.js does: it runs the batch, tells Nx the results, and ends nothing itself. */
const worker = `
  const { default: dockerImages } = require(${JSON.stringify(`${__dirname}/batch.ts`)});
  process.on('message', async () => {
    for await (const _ of dockerImages({ tasks: {}, dependencies: {} }, {}, {}, {}));
    process.send('x'.repeat(${bytes}));
  });
`;

test('a batch that has ended ends its process, and what it tells Nx arrives whole', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', '-e', worker], {
    cwd: __dirname,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  try {
    child.send('run');
    const [[told], [status, signal]] = await Promise.all([
      once(child, 'message'),
      // Nobody closes the channel here.
      once(child, 'exit'),
    ]);
    expect({ length: (told as string).length, status, signal }).toEqual({
      length: bytes,
      status: 0,
      signal: null,
    });
  } finally {
    child.kill();
  }
}, 120_000);
