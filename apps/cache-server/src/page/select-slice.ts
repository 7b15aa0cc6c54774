/**
 * What would stand at `from` to `to` if `items` were sorted, in order. In time that grows with their
 * number: to sort 100,000 for 50 that are shown would take longer than all the rest of a page. The
 * items are moved about.
 */
export function selectSlice<T>(
  items: T[],
  from: number,
  to: number,
  compare: (a: T, b: T) => number,
): T[] {
  const end = Math.min(to, items.length);
  if (from >= end) return [];
  partition(items, 0, items.length, from, compare);
  partition(items, from, items.length, end, compare);
  return items.slice(from, end).sort(compare);
}

/** Moves the least to below `at`, within `low` (with it) and `high` (without it). @see Hoare's FIND */
function partition<T>(
  items: T[],
  low: number,
  high: number,
  at: number,
  compare: (a: T, b: T) => number,
): void {
  let [left, right] = [low, high - 1];
  while (left < right) {
    const pivot = items[(left + right) >> 1]!;
    let [up, down] = [left, right];
    while (up <= down) {
      while (compare(items[up]!, pivot) < 0) up += 1;
      while (compare(items[down]!, pivot) > 0) down -= 1;
      if (up > down) break;
      [items[up], items[down]] = [items[down]!, items[up]!];
      up += 1;
      down -= 1;
    }
    if (at <= down) right = down;
    else if (at >= up) left = up;
    else return;
  }
}
