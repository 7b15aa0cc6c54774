import fc from 'fast-check';
import { combineOptionsForExecutor, type Schema } from 'nx/src/utils/params';
import { expect, test } from 'vitest';
import { EXECUTORS } from '../../../schemas/executors';
import { refuseOptions } from './refuse-options';
import loose from './schema.json';

const { options: properties, required } = EXECUTORS['docker-image']!;
const strict = { properties, required, additionalProperties: false } as unknown as Schema;
const always = { stage: 'runner', dockerfile: 'Dockerfile', context: '.' };

/** Of every type, alone and in a list or an object, as typed and as written. */
const scalar = fc.constantFrom<unknown>('x', '', 'true', '2', 2, true, false, null);
const value = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 2 }),
  fc.dictionary(fc.constantFrom('id', 'npm', 'env'), scalar, { maxKeys: 2 }),
);
const name = fc.constantFrom(...Object.keys(properties), 'tagg');

/** What Nx makes of what was typed; undefined where it refuses it. */
function asNxReads(typed: object, schema: Schema) {
  try {
    const target = { executor: 'docker-image', options: { ...always } };
    const given = { ...typed } as never;
    const read: object = combineOptionsForExecutor(given, '', target, schema, null, '.');
    return read;
  } catch {
    return undefined;
  }
}

const isRefused = (options: object) => {
  try {
    refuseOptions('api:docker-runner', options);
    return false;
  } catch {
    return true;
  }
};

test('Nx refuses no value, and the executor those that Nx would refuse', () => {
  fc.assert(
    fc.property(name, value, (option, each) => {
      const typed = { [option]: each };
      const read = asNxReads(typed, loose as Schema);
      expect(read).toBeDefined();
      const byNx = asNxReads(typed, strict);
      expect(isRefused(read!)).toBe(byNx === undefined);
      if (byNx) expect(read).toEqual(byNx);
    }),
    { numRuns: 3000 },
  );
});

test.each([
  [{ buildArgs: 'x' }, /cannot take "x" as "buildArgs"/, /Type --buildArgs\.NAME=VALUE/],
  [{ secretVersion: true }, /cannot take true as "secretVersion"/, /as in "secretVersion": "2"/],
  [
    { skipDefaultTag: 'maybe' },
    /cannot take "maybe" as "skipDefaultTag"/,
    /"skipDefaultTag": false/,
  ],
  [{ targets: [1] }, /cannot take \[1\] as "targets"/, /as in "targets": \["test"\]/],
])('%j is named with what to write', (wrong, message, hint) => {
  const refuse = () => refuseOptions('api:docker-runner', { ...always, ...wrong });
  expect(refuse).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
  expect(refuse).toThrow(expect.objectContaining({ hint: expect.stringMatching(hint) }));
});
