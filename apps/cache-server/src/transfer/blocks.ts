/** Bytes that are read, sent and given to other threads at a time: each step costs a wake-up. */
export const blockBytes = 64 * 1024;

/** As many as stay for the next transfer; more are made when more run at once. */
const maxKept = 320;
const kept: Buffer[] = [];

/** A block to fill, in memory that threads share; what is in it is left over from another transfer. */
export function takeBlock(): Buffer {
  return kept.pop() ?? Buffer.from(new SharedArrayBuffer(blockBytes));
}

/** Gives back a block, or the front part of one, that nobody reads or fills any more. */
export function giveBlock(block: Buffer): void {
  if (kept.length < maxKept) kept.push(Buffer.from(block.buffer));
}
