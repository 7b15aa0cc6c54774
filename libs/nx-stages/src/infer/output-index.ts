import { posix } from 'node:path';
import { liesIn, meets, type TargetOutput } from './target-outputs';

/** Its beginning says where it leads: these stand for other names. */
const WILD = /[*?[\]{}]/;

/**
 * Outputs by where they lie. Of a workspace's thousands, those that a path can meet are the ones above it
 * and the ones below it.
 */
export class OutputIndex {
  private readonly at = new Map<string, TargetOutput[]>();
  private readonly below = new Map<string, TargetOutput[]>();

  constructor(outputs: readonly TargetOutput[]) {
    for (const output of outputs) {
      const place = placeOf(output.path);
      add(this.at, place, output);
      for (const folder of andAbove(place)) add(this.below, folder, output);
    }
  }

  /** Those that `path` is, holds, or lies in. */
  meeting(path: string): TargetOutput[] {
    return this.near(path).filter((output) => meets(path, output.path));
  }

  /** Whether `path` is, or lies in, one of them. */
  holds(path: string): boolean {
    return this.near(path).some((output) => liesIn(path, output.path));
  }

  private near(path: string): TargetOutput[] {
    const above = andAbove(path).slice(1);
    return [
      ...(this.below.get(path) ?? []),
      ...above.flatMap((folder) => this.at.get(folder) ?? []),
    ];
  }
}

/** The part of an output that is a path and no pattern; `.` where it begins with a pattern. */
function placeOf(output: string): string {
  const parts = output.split('/');
  const wild = parts.findIndex((part) => WILD.test(part));
  return (wild < 0 ? output : parts.slice(0, wild).join('/')) || '.';
}

function add(map: Map<string, TargetOutput[]>, key: string, output: TargetOutput): void {
  const known = map.get(key);
  if (known) known.push(output);
  else map.set(key, [output]);
}

/** A path and the folders that it lies in, the nearest first; of a relative one the last is `.`. */
export function andAbove(path: string): string[] {
  const above = posix.dirname(path);
  return above === path ? [path] : [path, ...andAbove(above)];
}
