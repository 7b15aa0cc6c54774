/** Of more bodies than this at once, each gets less memory: they keep the processors busy anyway. */
const few = 16;
let inFlight = 0;

/** Counts a body that comes in or goes out; call what is returned once it does no longer. */
export function beginTransfer(): () => void {
  inFlight += 1;
  return () => void (inFlight -= 1);
}

/** Whether so few bodies move that memory may be spent on time. */
export function areTransfersFew(): boolean {
  return inFlight <= few;
}
