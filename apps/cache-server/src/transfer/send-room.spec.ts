import { expect, it } from 'vitest';
import { SendRoom } from './send-room';

const nobody = () => undefined;

it('gives room in turn, never more than there is, and to slow readers last', async () => {
  const room = new SendRoom(4);
  const got: string[] = [];
  const [first, slow, third] = [room.enter(nobody), room.enter(nobody), room.enter(nobody)];
  slow.isSlow = true;
  await room.take(first, 3);
  const second = room.take(slow, 2).then(() => got.push('slow'));
  const last = room.take(third, 3).then(() => got.push('third'));
  await Promise.resolve();
  expect([room.used, got]).toEqual([3, []]);
  room.give(first, 3);
  await last;
  expect([room.used, got]).toEqual([3, ['third']]);
  room.give(third, 3);
  await second;
  expect([room.used, got]).toEqual([2, ['third', 'slow']]);
  room.give(slow, 2);
  expect(room.used).toBe(0);
});

it('cuts those that keep it waiting longest, no more than it takes, and nobody who reads', async () => {
  const room = new SendRoom(4);
  const cuts: string[] = [];
  const agoMs = { reads: null, slow: 60_000, slower: 80_000, slowest: 90_000 };
  for (const [name, ago] of Object.entries(agoMs)) {
    const reader = room.enter(() => {
      cuts.push(name);
      room.give(reader, 1);
    });
    await room.take(reader, 1);
    if (ago !== null) reader.waitsSinceMs = performance.now() - ago;
  }
  await room.take(room.enter(nobody), 2);
  expect(cuts).toEqual(['slowest', 'slower']);
});
