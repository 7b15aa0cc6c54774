import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../../workspace';

export type Step = { kind: 'file'; path: string; text: string } | { kind: 'shell'; lines: string };

/**
 * What a reader of a tutorial does, in order: a block of shell is run, any other block is the text
 * of the file that the line before it names.
 */
export function tutorialSteps(page: string): Step[] {
  const text = readFileSync(join(workspaceRoot, 'docs', page), 'utf8');
  const blocks = text.matchAll(
    /^(?:`(?<path>[^`\n]+)`.*\n\n)?```(?<language>\w+)\n(?<body>[\s\S]*?)^```$/gm,
  );
  return [...blocks].map(({ groups = {} }): Step => {
    const { path, language, body = '' } = groups;
    if (language === 'sh') return { kind: 'shell', lines: body };
    if (!path) throw new Error(`${page}: no line says which file this is:\n${body}`);
    return { kind: 'file', path, text: body };
  });
}
