import { expect, test } from 'vitest';
import { loadedText, pushedText, transferOf } from './transfer';

test.each([
  ['present', 0],
  ['thin', 90_112],
  ['full', 3 * 2 ** 30],
] as const)('what docker-build prints of a %s load is read back', (how, bytes) => {
  const output = `shop/api:dev sha256:0 (${loadedText(how, bytes)})\n`;
  expect(transferOf(output)).toEqual({ to: 'engine', bytes });
});

test('what docker-push prints is read back, all platforms together', () => {
  const line = `linux/amd64: ${pushedText(2048, { uploaded: 2, mounted: 1, present: 0 })}, SBOM sha256:1\n`;
  expect(transferOf(line + line)).toEqual({ to: 'registry', bytes: 4096 });
  expect(transferOf('something else\n')).toBeUndefined();
});
