import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { InferredWorkspace } from './testing/inferred';

const workspaceRoot = resolve(__dirname, '../../..');
const docs = join(workspaceRoot, 'docs');
const text = (file: string) => readFileSync(join(docs, file), 'utf8');
const english = (name: string) => name.endsWith('.md') && !name.endsWith('.zh-CN.md');
const pages = readdirSync(join(docs, 'how-to'))
  .filter(english)
  .map((name) => `how-to/${name}`);
const chinese = (page: string) => page.replace(/\.md$/, '.zh-CN.md');

/** The blocks of a page: what a reader copies, and what he then sees. */
const blocks = (page: string) =>
  [...text(page).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', body = '']) => ({
    language,
    body,
  }));
const files = (page: string) =>
  [...text(page).matchAll(/^`([^`\n]+)`.*\n\n```\w+\n([\s\S]*?)^```$/gm)].map(
    ([, path = '', body = '']) => [path, body] as const,
  );
/** In blocks and in sentences. */
const commands = (page: string) =>
  [...text(page).matchAll(/npx nx [^\n`]+/g)].map(([command]) => command.trim());

const workspace = new InferredWorkspace();
afterAll(() => workspace.remove());

/** Target -> executor, at any time while a reader of the page writes one of its files after another. */
function targetsOf(page: string): Record<string, string> {
  const tutorial = files('tutorial.md');
  const own = files(page).filter(([path]) => path !== 'nx.json');
  const found: Record<string, string> = {};
  for (let written = 0; written <= own.length; written++) {
    const now = Object.fromEntries([...tutorial, ...own.slice(0, written)]);
    for (const { targets = {} } of Object.values(workspace.infer(now)))
      for (const [name, { executor = '' }] of Object.entries(targets)) found[name] = executor;
  }
  return found;
}

const readJson = (file: string) => JSON.parse(readFileSync(join(__dirname, '..', file), 'utf8'));
function optionsOf(kind: 'executors' | 'generators', name: string): string[] {
  const entry = readJson(`${kind}.json`)[kind][name] as { schema: string } | undefined;
  expect(entry, name).toBeDefined();
  // Nx's own.
  const others = ['dry-run', 'help', 'skip-nx-cache', 'excludeTaskDependencies', 'graph'];
  const { properties } = readJson(entry!.schema) as {
    properties: Record<string, { aliases?: string[] }>;
  };
  const aliases = Object.values(properties).flatMap(({ aliases = [] }) => aliases);
  return [...Object.keys(properties), ...aliases, ...others];
}

const flagsOf = (command: string) =>
  [...command.matchAll(/ --(?:no-)?([A-Za-z-]+)/g)].map(([, name]) => name);

describe.each(pages)('%s', (page) => {
  test('has a Chinese page with the same blocks', () => {
    expect(blocks(chinese(page))).toEqual(blocks(page));
    expect(text(chinese(page))).toMatch(/\p{Script=Han}{5}/u);
  });

  test('names targets, generators and options that there are', () => {
    const targets = targetsOf(page);
    for (const command of [...commands(page), ...commands(chinese(page))]) {
      const [, kind = '', name = ''] =
        /^npx nx (run|run-many -t|g) (?:[\w-]+:|@excel2doc\/nx-stages:)?([\w-]+)/.exec(command) ??
        [];
      if (kind === 'g')
        expect(optionsOf('generators', name)).toEqual(expect.arrayContaining(flagsOf(command)));
      // `container` is the other tool's, and this repository's own targets are no user's.
      else if (kind && !/^npx nx run (nx-stages|.*:container)\b/.test(command)) {
        expect(Object.keys(targets), command).toContain(name);
        const executor = targets[name]?.split(':')[1] ?? '';
        expect(optionsOf('executors', executor)).toEqual(expect.arrayContaining(flagsOf(command)));
      }
    }
  });

  test.each([page, chinese(page)])('links to pages that are there: %s', (each) => {
    const links = [...text(each).matchAll(/\]\(([^)#]+)/g)].map(([, link = '']) => link);
    for (const link of links.filter((link) => !/^https?:/.test(link)))
      expect(existsSync(join(docs, dirname(each), link)), link).toBe(true);
    // A reader of Chinese is sent to English only by the link on top, or where there is no choice.
    const [, ...others] = links;
    const wrong = others.filter(
      (link) => english(link) && existsSync(join(docs, dirname(each), chinese(link))),
    );
    if (each !== page) expect(wrong).toEqual([]);
  });
});

test.each(['README.md', 'README.zh-CN.md'])('%s leads to each page', (name) => {
  const readme = readFileSync(join(workspaceRoot, name), 'utf8');
  for (const page of pages)
    expect(readme).toContain(`docs/${name.includes('zh') ? chinese(page) : page}`);
});
