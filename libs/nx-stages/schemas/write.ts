/** Writes executors.json and every executor's schema.json from the table. Usage: tsx schemas/write.ts */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { EXECUTORS } from './executors';
import { loosened } from './loosened';

const library = join(__dirname, '..');

/**
 * What Nx reads in this workspace. For a plugin whose path has no `node_modules` in it, Nx loads
 * TypeScript in every process, its own and each task's, to look for sources of a schema: a third of a
 * second each. Ours are the sources already.
 */
const HERE = 'from-source/as-in-node_modules/executors.json';

/** The files that the table makes, by their path in the library. */
export async function schemaFiles(): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const list = Object.entries(EXECUTORS).map(([name, { description, executor }]) => [
    name,
    {
      implementation: `./from-source/executors.cjs#${name}`,
      schema: `./src/executors/${name}/schema.json`,
      ...executor,
      description,
    },
  ]);
  const all = { $schema: 'http://json-schema.org/schema', executors: Object.fromEntries(list) };
  files.set('executors.json', await json(all));
  files.set(HERE, await json({ ...all, executors: each(all.executors, fromHere) }));
  for (const [name, executor] of Object.entries(EXECUTORS)) {
    const { title, more, required, options, takesArguments = false, checksOptions } = executor;
    const schema = {
      $schema: 'https://json-schema.org/schema',
      version: 2,
      type: 'object',
      title,
      cli: 'nx',
      ...more,
      properties: checksOptions ? each(options, loosened) : options,
      ...(required && !checksOptions && { required }),
      additionalProperties: takesArguments || checksOptions === true,
    };
    files.set(`src/executors/${name}/schema.json`, await json(schema));
  }
  return files;
}

/** The same entry with its paths as they are from the folder of HERE. */
function fromHere(entry: Record<string, unknown>): Record<string, unknown> {
  const up = relative(dirname(HERE), '.');
  return each(entry, (value) =>
    typeof value === 'string' && value.startsWith('./') ? `${up}${value.slice(1)}` : value,
  );
}

function each<T>(all: Record<string, T>, change: (one: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(all).map(([name, one]) => [name, change(one)]));
}

/** As Prettier would leave it, so that the check of formats has nothing to say. */
async function json(value: unknown): Promise<string> {
  const settings = await resolveConfig(join(library, 'executors.json'));
  return format(JSON.stringify(value), { ...settings, parser: 'json' });
}

async function main(): Promise<void> {
  for (const [file, text] of await schemaFiles()) {
    mkdirSync(dirname(join(library, file)), { recursive: true });
    writeFileSync(join(library, file), text);
  }
}

if (process.argv[1] === __filename) void main();
