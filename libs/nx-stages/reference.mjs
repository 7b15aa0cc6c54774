/** Writes docs/reference*.md from the schemas: what `--help` says of every executor and generator. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const library = fileURLToPath(new URL('.', import.meta.url));

/** @param {string} file */
const readJson = async (file) => JSON.parse(await readFile(join(library, file), 'utf8'));

/**
 * What stands on a page around the schemas' own texts.
 *
 * @typedef {object} Words
 * @property {string[]} head
 * @property {string} generators
 * @property {string} executors
 * @property {string[]} columns
 * @property {string} required
 * @property {string} list
 * @property {string} stop
 */

/** @type {Record<string, Words>} */
const WORDS = {
  'reference.md': {
    head: [
      '# Reference',
      '',
      '[中文](reference.zh-CN.md)',
      '',
      'Made from the schemas by `npx nx run nx-stages:reference`; `--help` behind a command says the same. Paths are relative to the workspace.',
    ],
    generators: 'Generators',
    executors: 'Executors',
    columns: ['option', 'type', 'default', 'what it is', 'example'],
    required: '(required)',
    list: 'list',
    stop: '.',
  },
  'reference.zh-CN.md': {
    head: [
      '# 参考',
      '',
      '[English](reference.md)',
      '',
      '由 `npx nx run nx-stages:reference` 根据 schema 生成；命令后加 `--help` 可看到同样内容的英文说明。路径均相对于工作区。',
    ],
    generators: '生成器',
    executors: '执行器',
    columns: ['选项', '类型', '默认值', '说明', '示例'],
    required: '（必填）',
    list: '列表',
    stop: '。',
  },
};

export const referencePages = Object.keys(WORDS).map((name) => ({
  file: join(library, '../../docs', name),
  text: () => reference(name),
}));

/**
 * Chinese for every description, by the English one: whoever changes a text in a schema is told that
 * its translation is missing, and none is left that nobody needs.
 *
 * @returns {Promise<{ missing: string[]; unused: string[] }>}
 */
export async function translationGaps() {
  const chinese = await readJson('reference.zh-CN.json');
  /** @type {Set<string>} */
  const used = new Set();
  await page('reference.zh-CN.md', (text) => {
    used.add(text);
    return text;
  });
  return {
    missing: [...used].filter((text) => !(text in chinese)),
    unused: Object.keys(chinese).filter((text) => !used.has(text)),
  };
}

/**
 * @param {string} name of the page
 * @returns {Promise<string>}
 */
async function reference(name) {
  const chinese = name.includes('zh-CN') ? await readJson('reference.zh-CN.json') : {};
  return page(name, (text) => chinese[text] ?? text);
}

/**
 * @param {string} name
 * @param {(text: string) => string} translate
 */
async function page(name, translate) {
  const words = /** @type {Words} */ (WORDS[name]);
  const chapters = await Promise.all([
    chapter('generators', 'npx nx g @excel2doc/nx-stages:NAME', words, translate),
    chapter('executors', 'npx nx run PROJECT:TARGET', words, translate),
  ]);
  return [...words.head, '', ...chapters.flat()].join('\n');
}

/**
 * @param {'executors' | 'generators'} kind
 * @param {string} command
 * @param {Words} words
 * @param {(text: string) => string} translate
 */
async function chapter(kind, command, words, translate) {
  const list = await readJson(`${kind}.json`);
  const entries = /** @type {[string, Record<string, string>][]} */ (Object.entries(list[kind]));
  const sections = await Promise.all(
    entries.map(async ([name, { schema = '', description = '' }]) => {
      const { properties, required = [] } = await readJson(schema);
      const table = optionTable(properties, required, words, translate);
      return [`### ${name}`, '', `${translate(description)}${words.stop}`, '', ...table];
    }),
  );
  return [`## ${words[kind]}`, '', `\`${command}\``, '', ...sections.flat()];
}

/**
 * @param {Record<string, Record<string, any>>} options
 * @param {string[]} required
 * @param {Words} words
 * @param {(text: string) => string} translate
 */
function optionTable(options, required, words, translate) {
  const rows = Object.entries(options).map(([name, option]) => {
    const type =
      option['enum']?.join(', ') ??
      (option['type'] === 'array' ? words.list : (option['type'] ?? oneOf(option)));
    const given = option['default'] === undefined ? '' : `\`${JSON.stringify(option['default'])}\``;
    const example = option['examples']?.[0];
    const shown = example === undefined ? '' : `\`${JSON.stringify(example)}\``;
    const mark = required.includes(name) ? ` ${words.required}` : '';
    return `| \`${name}\`${mark} | ${type} | ${given} | ${translate(option['description'])} | ${shown} |`;
  });
  if (rows.length === 0) return [];
  const row = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
  return [row(words.columns), row(words.columns.map(() => '---')), ...rows, ''];
}

/** @param {Record<string, any>} option */
function oneOf(option) {
  return option['oneOf']
    ?.flatMap((/** @type {{ type?: string }} */ each) => each.type ?? [])
    .join(', ');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { file, text } of referencePages)
    void text().then((content) => writeFile(file, content));
}
