import { get } from 'node:https';
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

/** Waits until `holds` is true; a failure counts as false. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await holds().catch(() => false))) {
    if (Date.now() > end) throw new Error('it never came to be');
    await sleep(50);
  }
}
