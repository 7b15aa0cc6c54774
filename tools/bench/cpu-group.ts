import { mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const HIERARCHIES = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'];
const EMPTY_WITHIN_MS = 5000;

/**
 * A control group for one command, which counts the CPU time of all that the command starts. What a
 * shell knows is only that of children that somebody waited for: Nx's plugin workers are not always.
 *
 * @see cgroups(7): cpu.stat is there without any controller
 */
export class CpuGroup {
  private constructor(private readonly folder: string) {}

  /** Undefined where this user can make none. */
  static make(): CpuGroup | undefined {
    for (const hierarchy of HIERARCHIES) {
      const folder = join(hierarchy, `bench-${process.pid}-${process.hrtime.bigint()}`);
      try {
        readFileSync(join(hierarchy, 'cgroup.controllers'));
        mkdirSync(folder);
        return new CpuGroup(folder);
      } catch {
        // Not this one.
      }
    }
    return undefined;
  }

  /** A process that writes its id there is in it, with all that it starts. */
  get procs(): string {
    return join(this.folder, 'cgroup.procs');
  }

  /** What was used until the last of its processes ended; the group is gone afterwards. */
  async end(): Promise<number> {
    const until = Date.now() + EMPTY_WITHIN_MS;
    while (readFileSync(this.procs, 'utf8') !== '' && Date.now() < until) await sleep(5);
    const stat = readFileSync(join(this.folder, 'cpu.stat'), 'utf8');
    while (!this.isRemoved() && Date.now() < until) await sleep(5);
    return Number(/^usage_usec (\d+)$/m.exec(stat)![1]) / 1000;
  }

  /** The kernel keeps it until whoever adopted its last process has seen that it ended. */
  private isRemoved(): boolean {
    try {
      rmdirSync(this.folder);
      return true;
    } catch {
      return false;
    }
  }
}
