import { expect, it } from 'vitest';
import { plainLine } from './plain-line';

it.each([
  ['cache mount /root/.npm: 3 files (2.9 MiB)', 'cache mount /root/.npm: 3 files (2.9 MiB)'],
  ['! as a\r::set-output name=x::y: wrong', '! as a?::set-output name=x::y: wrong'],
  ['! as a\u2028::error::y', '! as a?::error::y'],
  ['! as ##vso[task.setvariable variable=x]y', '! as ?vso[task.setvariable variable=x]y'],
  ['! as ###[command]', '! as ?#[command]'],
  ['! as \x1b[2Ka\x9b\u202eb', '! as ?[2Ka??b'],
  ['! first\n::set-output name=x::y', '! first'],
  ['a'.repeat(1000), `${'a'.repeat(400)}…`],
])('%j is said as %j', (text, line) => {
  expect(plainLine(text)).toBe(line);
});
