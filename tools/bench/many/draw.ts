import type { ShardTask } from '@excel2doc/stages';

/** Numbers from 0 up to 1, the same for the same seed on any machine. */
export function drawer(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // A linear congruential generator, of which the upper bits are used.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** What a task takes at the least and at the most, in seconds; most are near the least. */
const SECONDS = {
  base: [20, 90],
  kind: [30, 240],
  deps: [10, 300],
  out: [1, 20],
  test: [5, 120],
  load: [1, 4],
} as const;

/**
 * A team's images: one base, a kind of image for every twelve services on it, each second of which also
 * stands on another kind; services with a stage of dependencies, one that becomes the image, one in
 * which tests run, and the load. A tenth of the services stand on another service.
 *
 * @param images with the base and the kinds
 */
export function drawImages(images: number, seed: number): ShardTask[] {
  const draw = drawer(seed);
  const tasks: ShardTask[] = [];
  const add = (id: string, kind: keyof typeof SECONDS, dependsOn: string[], isShareable = true) => {
    const [least, most] = SECONDS[kind];
    const costMs = Math.round(1000 * (least + (most - least) * draw() ** 3));
    tasks.push({ id, costMs, dependsOn, isShareable, group: id.split(':')[0]! });
    return id;
  };
  const base = add('base:out', 'base', []);
  const kinds: string[] = [];
  for (let at = 0; at < Math.max(1, Math.round((images - 1) / 13)); at++) {
    const below = at % 2 === 1 ? [kinds[Math.floor(draw() * kinds.length)]!] : [base];
    kinds.push(add(`kind${at}:out`, 'kind', below));
  }
  const services: string[] = [];
  for (let at = 0; at < images - 1 - kinds.length; at++) {
    const isOnService = services.length > 0 && draw() < 0.1;
    const below = isOnService ? services : kinds;
    const from = below[Math.floor(draw() * below.length)]!;
    const deps = add(`s${at}:deps`, 'deps', [from]);
    const out = add(`s${at}:out`, 'out', [deps]);
    add(`s${at}:test`, 'test', [deps]);
    add(`s${at}:load`, 'load', [out], false);
    services.push(out);
  }
  return tasks;
}

/** The same tasks on a day on which each takes from 0.6 to 1.6 times of what was thought. */
export function otherwise(tasks: readonly ShardTask[], seed: number): ShardTask[] {
  const draw = drawer(seed);
  return tasks.map((task) => ({ ...task, costMs: Math.round(task.costMs * (0.6 + draw())) }));
}
