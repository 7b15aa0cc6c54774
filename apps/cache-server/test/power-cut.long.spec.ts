// Takes 30 s.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { contentsOf, nxArchive } from './archive';
import { serverProcess } from './server-process';
import { temporaryFolder } from './temporary-folder';
import { bytesOf, get, put, teamConfig } from './test-server';

const rounds = Number(process.env.ROUNDS ?? 6);
/** By TEST_SEED, which the run prints. */
const momentsMs = fc.sample(fc.noBias(fc.integer({ min: 0, max: 300 })), rounds);
const writers = 6;
const digestOf = (content: Buffer) => createHash('sha256').update(content).digest('hex');

const run = (program: string, ...args: string[]) => execFileSync(program, args, { stdio: 'pipe' });

/** A disk of its own whose power can be cut. */
class Disk {
  private constructor(
    readonly image: string,
    readonly folder: string,
  ) {}

  static async make(): Promise<Disk> {
    const image = join(await temporaryFolder(), 'disk.img');
    run('truncate', '-s', '768M', image);
    run('mkfs.ext4', '-q', '-F', image);
    const disk = new Disk(image, await temporaryFolder());
    disk.mount();
    return disk;
  }

  mount(): void {
    run('mount', '-o', 'loop', this.image, this.folder);
  }

  /** What was not on it is gone for good; then it is there again, as after a start of the machine. */
  cutPower(): void {
    run('python3', join(__dirname, 'power-cut.py'), this.folder);
  }

  unmount(): void {
    run('umount', this.folder);
  }
}

async function diskOrReason(): Promise<Disk | string> {
  try {
    const disk = await Disk.make();
    disk.cutPower();
    disk.unmount();
    disk.mount();
    return disk;
  } catch (error) {
    return `no disk can be made here whose power is cut: ${String(error).split('\n')[0]}`;
  }
}

it(
  `what was answered is there after each of ${rounds} power cuts`,
  { timeout: rounds * 60_000 },
  async ({ skip }) => {
    const disk = await diskOrReason();
    if (typeof disk === 'string') return skip(disk);
    let isMounted = true;
    onTestFinished(() => {
      if (isMounted) run('umount', '-l', disk.folder);
    });
    const folder = await temporaryFolder();
    const known = teamConfig(join(disk.folder, 'data'));
    const answered = new Map<string, string>();
    for (const [round, momentMs] of momentsMs.entries()) {
      const server = await serverProcess(folder, {}, known);
      let running = true;
      const stored = new Set<string>();
      const load = Array.from({ length: writers }, async (_, writer) => {
        for (let at = 0; running; at += 1) {
          const hash = `${round}0${writer}0${at}`;
          const content = randomBytes([2_000, 2_000, 200_000, 2_000_000][at % 4]!);
          const archive = await nxArchive({ 'dist/a': content });
          const answer = await put(server.url, known.tokens.main, hash, archive).catch(() => null);
          if (answer?.status !== 200) continue;
          answered.set(hash, digestOf(content));
          stored.add(hash);
        }
      });
      while (stored.size < 20) await sleep(5);
      await sleep(momentMs);
      if (round % 2 === 0) {
        // In the middle of others, whose syncs take along what came before them; or by itself.
        running = false;
        await Promise.all(load);
        const content = randomBytes([2_000, 200_000, 2_000_000][(round / 2) % 3]!);
        const body = await nxArchive({ 'dist/a': content });
        expect((await put(server.url, known.tokens.main, `${round}last`, body)).status).toBe(200);
        answered.set(`${round}last`, digestOf(content));
      }
      // Of what is answered from here on nothing is known: the answer may be on its way.
      const sure = new Map(answered);
      disk.cutPower();
      running = false;
      await server.kill();
      await Promise.all(load);
      disk.unmount();
      isMounted = false;
      disk.mount();
      isMounted = true;

      const again = await serverProcess(folder, {}, known);
      const lost: string[] = [];
      for (const [hash, digest] of sure) {
        const response = await get(again.url, known.tokens.main, hash);
        const body = await bytesOf(response);
        const isSame = response.status === 200 && digestOf((await contentsOf(body)).get('dist/a')!) === digest; // prettier-ignore
        if (!isSame) lost.push(`${hash}: ${response.status}`);
      }
      expect(lost, `of ${sure.size} answered before the cut`).toEqual([]);
      await again.kill();
      // Each round looks at what it stored; those before were looked at.
      answered.clear();
    }
  },
);
