import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { withLock } from './lock';

describe('withLock', { timeout: 30_000 }, () => {
  beforeEach(({ skip }) => skip(process.platform !== 'linux', 'Linux alone has such locks'));

  it('runs one after the other, and tells who waits for whom', async () => {
    const name = randomUUID();
    const events: string[] = [];
    const job = (id: string) =>
      withLock(
        name,
        async () => {
          events.push(`${id} starts`);
          await new Promise((resolve) => setTimeout(resolve, 30));
          events.push(`${id} ends`);
        },
        (pid) => expect(pid).toBe(String(process.pid)),
      );
    await Promise.all(['a', 'b', 'c'].map(job));
    for (let at = 0; at < events.length; at += 2) {
      expect(events[at + 1]).toBe(events[at]?.replace('starts', 'ends'));
    }
    expect(events).toHaveLength(6);
  });

  it('is free again after work that failed', async () => {
    const name = randomUUID();
    const never = () => expect.unreachable();
    await expect(withLock(name, () => Promise.reject(new Error('boom')), never)).rejects.toThrow(
      'boom',
    );
    expect(await withLock(name, async () => 'done', never)).toBe('done');
  });

  it('is free again when its holder is killed', async () => {
    const name = randomUUID();
    const folder = await mkdtemp(join(tmpdir(), 'lock-'));
    const script = join(folder, 'holder.ts');
    await writeFile(
      script,
      `import { withLock } from ${JSON.stringify(join(__dirname, 'lock.ts'))};
       void withLock('${name}', () => { console.log('held'); return new Promise((r) => setTimeout(r, 1e6)); }, () => undefined);`,
    );
    const holder = spawn(process.execPath, ['--import', 'tsx', script], {
      cwd: __dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(holder.stdout, 'data');
    let waitedFor: string | undefined;
    const second = withLock(
      name,
      async () => 'got it',
      (pid) => {
        waitedFor = pid;
        holder.kill('SIGKILL');
      },
    );
    expect(await second).toBe('got it');
    expect(waitedFor).toBe(String(holder.pid));
    await rm(folder, { recursive: true });
  });
});
