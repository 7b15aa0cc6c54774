import { readdirSync, readFileSync } from 'node:fs';

/** The most that a process and all that it started had in memory at once, while it ran. */
export class PeakMemory {
  peakKiB = 0;
  mostProcesses = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly pid: number) {
    this.timer = setInterval(() => this.look(), 100);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    const [byParent, residentKiB] = processes();
    const tree = [this.pid];
    for (const pid of tree) tree.push(...(byParent.get(pid) ?? []));
    const sum = tree.reduce((all, pid) => all + (residentKiB.get(pid) ?? 0), 0);
    this.peakKiB = Math.max(this.peakKiB, sum);
    this.mostProcesses = Math.max(this.mostProcesses, tree.length);
  }
}

/** Of this machine, who has which children, and what each holds of memory that is no other's. */
function processes(): [Map<number, number[]>, Map<number, number>] {
  const byParent = new Map<number, number[]>();
  const residentKiB = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      const field = (key: string) =>
        Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
      const [pid, parent] = [Number(name), field('PPid')];
      byParent.set(parent, [...(byParent.get(parent) ?? []), pid]);
      // A program's own pages are shared by all that run it.
      residentKiB.set(pid, field('RssAnon') || 0);
    } catch {
      // It has ended.
    }
  }
  return [byParent, residentKiB];
}
