import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../workspace';

const PAGES = ['maintenance.md', 'maintenance.zh-CN.md'];

/** Every command of the maintenance guide, in blocks, tables and sentences, of both languages. */
export function guideCommands(): string[] {
  const found = PAGES.flatMap((name) =>
    commandsOf(readFileSync(join(workspaceRoot, 'docs', name), 'utf8')),
  );
  return [...new Set(found)];
}

/** @param text of a page in Markdown; a command with a `<placeholder>` is none. */
export function commandsOf(text: string): string[] {
  const blocks = [...text.matchAll(/^```bash\n(.*?)^```/gms)].flatMap(([, block = '']) =>
    block.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#')),
  );
  const inline = [...text.matchAll(/`((?:npx nx|npm) [^`\n]+)`/g)].map(
    ([, command = '']) => command,
  );
  return [...blocks, ...inline].filter((command) => !command.includes('<'));
}
