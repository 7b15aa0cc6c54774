/** Writes docs/reference.md from the schemas: what `--help` says of every executor and generator. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const library = fileURLToPath(new URL('.', import.meta.url));
export const referenceFile = join(library, '../../docs/reference.md');

/** @param {string} file */
const readJson = async (file) => JSON.parse(await readFile(join(library, file), 'utf8'));

/** @returns {Promise<string>} the page */
export async function reference() {
  const chapters = await Promise.all([
    chapter('generators', 'Generators', 'npx nx g @excel2doc/nx-stages:NAME'),
    chapter('executors', 'Executors', 'npx nx run PROJECT:TARGET'),
  ]);
  return [
    '# Reference',
    '',
    'Made from the schemas by `npx nx run nx-stages:reference`; `--help` behind a command says the same. Paths are relative to the workspace.',
    '',
    ...chapters.flat(),
  ].join('\n');
}

/**
 * @param {'executors' | 'generators'} kind
 * @param {string} title
 * @param {string} command
 */
async function chapter(kind, title, command) {
  const list = await readJson(`${kind}.json`);
  const entries = /** @type {[string, Record<string, string>][]} */ (Object.entries(list[kind]));
  const sections = await Promise.all(
    entries.map(async ([name, { schema = '', description = '' }]) => {
      const { properties, required = [] } = await readJson(schema);
      return [`### ${name}`, '', `${description}.`, '', ...optionTable(properties, required)];
    }),
  );
  return [`## ${title}`, '', `\`${command}\``, '', ...sections.flat()];
}

/**
 * @param {Record<string, Record<string, any>>} options
 * @param {string[]} required
 */
function optionTable(options, required) {
  const rows = Object.entries(options).map(([name, option]) => {
    const type =
      option['enum']?.join(', ') ?? (option['type'] === 'array' ? 'list' : option['type']);
    const given = option['default'] === undefined ? '' : `\`${JSON.stringify(option['default'])}\``;
    const example = option['examples']?.[0];
    const shown = example === undefined ? '' : `\`${JSON.stringify(example)}\``;
    const mark = required.includes(name) ? ' (required)' : '';
    return `| \`${name}\`${mark} | ${type} | ${given} | ${option['description']} | ${shown} |`;
  });
  if (rows.length === 0) return [];
  return [
    '| option | type | default | what it is | example |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  void reference().then((text) => writeFile(referenceFile, text));
}
