import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const library = join(__dirname, '../..');
const read = (file: string) => JSON.parse(readFileSync(join(library, file), 'utf8'));

const { generators } = read('generators.json') as {
  generators: Record<string, { schema: string; description: string }>;
};

describe.each(Object.entries(generators))('the generator %s', (_name, { schema }) => {
  const { properties, ...head } = read(schema) as {
    properties: Record<string, { description?: string; examples?: unknown[] }>;
    description?: string;
    examples?: { command: string; description: string }[];
    additionalProperties?: boolean;
  };

  test('explains itself and each of its options, with an example', () => {
    expect(head.description).toMatch(/\.$/);
    expect(head.examples?.[0]?.command).toMatch(/^nx g @excel2doc\/nx-stages:/);
    for (const [option, { description, examples }] of Object.entries(properties)) {
      expect(description, option).toMatch(/\.$/);
      expect(examples?.length, option).toBeGreaterThan(0);
    }
  });

  test('refuses an option that it does not have', () => {
    expect(head.additionalProperties).toBe(false);
  });
});
