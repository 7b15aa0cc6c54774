import fc from 'fast-check';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi, onTestFinished } from 'vitest';
import { UploadRoom, type Owner, type Sender } from './upload-room';

const untrusted = (name: string): Owner => ({ name, isTrusted: false });
const one = untrusted('pr-1');
const other = untrusted('pr-2');
const main: Owner = { name: 'main', isTrusted: true };

function sender(owner: Owner, waitsSinceMs: number | null = null): Sender & { isCut: boolean } {
  const made = { owner, waitsSinceMs, isCut: false, cut: () => void (made.isCut = true) };
  return made;
}

/** Those that have come in so far, of all who asked. */
function crowd(room: UploadRoom) {
  const inside: Sender[] = [];
  const ask = (asks: Owner) =>
    void room.enter(asks).then(() => {
      const made = sender(asks);
      room.add(made);
      inside.push(made);
    });
  const of = ({ name }: Owner) => inside.filter(({ owner }) => owner.name === name).length;
  const leave = (which: number) => room.leave(inside.splice(which % inside.length, 1)[0]!);
  return { inside, ask, of, leave };
}
const turn = () => sleep(0);

it('lets an owner have no more than is left for others, and the next one in when one has left', async () => {
  const { ask, of, leave } = crowd(new UploadRoom(16));
  for (let at = 0; at < 100; at += 1) ask(one);
  await turn();
  expect(of(one)).toBe(6);
  ask(other);
  ask(main);
  await turn();
  expect([of(one), of(other), of(main)]).toEqual([6, 1, 1]);
  leave(0);
  leave(0);
  await turn();
  // What another has taken meanwhile counts.
  expect(of(one)).toBe(5);
});

it('keeps room for trusted scopes, however many others there are', async () => {
  const { ask, of, inside } = crowd(new UploadRoom(16));
  for (let at = 0; at < 100; at += 1) ask(untrusted(`pr-${at}`));
  await turn();
  expect(inside).toHaveLength(12);
  ask(main);
  ask(main);
  await turn();
  expect(of(main)).toBe(2);
});

it('lets everybody in at last, never more at once than it may, and nobody behind who has more', async () => {
  const owners = [one, other, untrusted('pr-3'), main];
  const step = fc.oneof(fc.constantFrom(...owners), fc.nat(50));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const room = new UploadRoom(8);
      const { ask, leave, inside } = crowd(room);
      let asked = 0;
      let left = 0;
      for (const each of steps) {
        if (typeof each === 'object') {
          ask(each);
          asked += 1;
        } else if (inside.length > 0) {
          leave(each);
          left += 1;
        }
        await turn();
        expect(inside.length).toBeLessThanOrEqual(8);
        // Nobody waits for nothing.
        if (asked > left) expect(inside.length).toBeGreaterThan(0);
      }
      for (; inside.length > 0; left += 1) {
        leave(0);
        await turn();
      }
      expect(left).toBe(asked);
    }),
    { numRuns: 40 },
  );
});

it('cuts off the slowest senders, as many as others wait, and nobody while nobody waits', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const room = new UploadRoom(8);
  const now = performance.now();
  const [slowest, slow, quick] = [sender(one, now - 60_000), sender(one, now - 50_000), sender(one)]; // prettier-ignore
  for (const each of [slow, slowest, quick]) {
    await room.enter(one);
    room.add(each);
  }
  await vi.advanceTimersByTimeAsync(10_000);
  expect(slowest.isCut).toBe(false);
  const waiting = room.enter(one);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([slowest.isCut, slow.isCut, quick.isCut]).toEqual([true, false, false]);
  room.leave(slowest);
  await waiting;
});

it('cuts off nobody of an owner who has less, however many wait and however slow he is', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const room = new UploadRoom(8);
  const slow = performance.now() - 60_000;
  const laptop = sender(other, slow);
  await room.enter(other);
  room.add(laptop);
  const flood = [sender(one), sender(one, slow)];
  for (const each of flood) {
    await room.enter(one);
    room.add(each);
  }
  for (let at = 0; at < 50; at += 1) void room.enter(one);
  await vi.advanceTimersByTimeAsync(5_000);
  expect([laptop.isCut, ...flood.map(({ isCut }) => isCut)]).toEqual([false, false, true]);
});
