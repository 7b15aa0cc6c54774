import { expect, it } from 'vitest';
import { Breaker } from './breaker';

it('opens after three failures in a row, and lets one call through after a while', () => {
  let nowMs = 0;
  const warnings: string[] = [];
  const breaker = new Breaker((reason) => warnings.push(reason), () => nowMs); // prettier-ignore
  const fail = () => {
    expect(breaker.enter()).toBe(true);
    breaker.failed(new Error('down'));
  };
  fail();
  fail();
  expect(breaker.enter()).toBe(true);
  breaker.succeeded();
  fail();
  fail();
  fail();
  expect(breaker.enter()).toBe(false);
  nowMs += 30_000;
  expect([breaker.enter(), breaker.enter(), breaker.enter()]).toEqual([true, false, false]);
  breaker.failed(new Error('down'));
  expect(breaker.enter()).toBe(false);
  nowMs += 30_000;
  expect(breaker.enter()).toBe(true);
  breaker.succeeded();
  expect([breaker.enter(), breaker.enter()]).toEqual([true, true]);
  expect(warnings).toEqual(['down']);
});

it('stays open once the token is dead', () => {
  const breaker = new Breaker(() => undefined, () => 0); // prettier-ignore
  breaker.died(new Error('401'));
  breaker.succeeded();
  expect(breaker.enter()).toBe(false);
});
