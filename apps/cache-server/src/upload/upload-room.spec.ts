import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi, onTestFinished } from 'vitest';
import { UploadRoom, type Sender } from './upload-room';

function sender(waitsSinceMs: number | null): Sender & { isCut: boolean } {
  const made = { waitsSinceMs, isCut: false, cut: () => void (made.isCut = true) };
  return made;
}

it('lets so many in at once, and the next one when one has left', async () => {
  const room = new UploadRoom(2);
  const [one, two] = [sender(null), sender(null)];
  for (const each of [one, two]) {
    await room.enter();
    room.add(each);
  }
  let isIn = false;
  const third = room.enter().then(() => (isIn = true));
  await sleep(20);
  expect(isIn).toBe(false);
  room.leave(one);
  await third;
  room.leave(two);
  room.leave(sender(null));
  for (let at = 0; at < 2; at += 1) await room.enter();
});

it('cuts off the slowest senders, as many as others wait, and nobody while nobody waits', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const room = new UploadRoom(3);
  const now = performance.now();
  const [slowest, slow, quick] = [sender(now - 60_000), sender(now - 50_000), sender(null)];
  for (const each of [slow, slowest, quick]) {
    await room.enter();
    room.add(each);
  }
  await vi.advanceTimersByTimeAsync(10_000);
  expect(slowest.isCut).toBe(false);
  const waiting = room.enter();
  await vi.advanceTimersByTimeAsync(1_000);
  expect([slowest.isCut, slow.isCut, quick.isCut]).toEqual([true, false, false]);
  room.leave(slowest);
  await waiting;
});
