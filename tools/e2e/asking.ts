import { get } from 'node:https';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The answer of a server on this machine, whoever signed its certificate for localhost. */
export function askOverTls(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { port, path, servername: 'localhost', rejectUnauthorized: false };
    get({ host: '127.0.0.1', headers: { host: 'localhost' }, ...options }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk)).on('end', () => resolve(text));
    }).on('error', reject);
  });
}

/**
 * What a debugger answers to who attaches.
 *
 * @see Debug Adapter Protocol, base protocol and initialize
 */
export function askDebugger(port: number): Promise<string> {
  const request = {
    seq: 1,
    type: 'request',
    command: 'initialize',
    arguments: { adapterID: 'test', clientID: 'test', pathFormat: 'path' },
  };
  const body = JSON.stringify(request);
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
    );
    let text = '';
    socket.setTimeout(2_000, () => socket.destroy());
    socket
      .on('data', (chunk) => {
        text += chunk.toString();
        if (text.includes('"initialize"')) socket.destroy();
      })
      .on('close', () => resolve(text))
      .on('error', reject);
  });
}

/** Waits until `holds` is true; a failure counts as false. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error('it never came to be');
    await sleep(50);
  }
}
