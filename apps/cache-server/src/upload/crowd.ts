/** Of more bodies than this at once, each gets less memory: they keep the processors busy anyway. */
const few = 16;
let running = 0;

/** Counts a body that comes in or goes out; call what is returned once it does no longer. */
export function enterCrowd(): () => void {
  running += 1;
  return () => void (running -= 1);
}

/** Whether so few move that memory may be spent on time. */
export function isCrowdSmall(): boolean {
  return running <= few;
}
