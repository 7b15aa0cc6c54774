import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { workspaceRoot } from '../../workspace';
import { type ForeignWorkspace, shell, writeFiles } from './workspace';

export type Step =
  | { kind: 'file'; path: string; text: string }
  | { kind: 'shell'; lines: string }
  /** Lines that the block of shell before it prints. */
  | { kind: 'printed'; lines: string };

/**
 * What a reader of a page does, in order: a block of shell is run, one of plain text is what that
 * prints, any other is the text of the file that the line before it names.
 */
export function tutorialSteps(page: string): Step[] {
  const text = readFileSync(join(workspaceRoot, 'docs', page), 'utf8');
  const blocks = text.matchAll(
    /^(?:`(?<path>[^`\n]+)`.*\n\n)?```(?<language>\w+)\n(?<body>[\s\S]*?)^```$/gm,
  );
  return [...blocks].map(({ groups = {} }): Step => {
    const { path, language, body = '' } = groups;
    if (language === 'sh') return { kind: 'shell', lines: body };
    if (language === 'text') return { kind: 'printed', lines: body };
    if (!path) throw new Error(`${page}: no line says which file this is:\n${body}`);
    return { kind: 'file', path, text: body };
  });
}

/** Does all that a page says, and gives what its commands printed, block by block. */
export async function follow(
  steps: readonly Step[],
  workspace: ForeignWorkspace,
  env: Record<string, string>,
): Promise<string[]> {
  const outputs: string[] = [];
  for (const step of steps) {
    if (step.kind === 'file') writeStep(workspace.folder, step);
    else if (step.kind === 'printed') {
      for (const line of step.lines.trim().split('\n')) expect(outputs.at(-1)).toContain(line);
    } else {
      const { status, output } = await shell(workspace, step.lines, env);
      expect(status, `${step.lines}\n${output}`).toBe(0);
      outputs.push(output);
    }
  }
  return outputs;
}

/** Of a JSON file that is there already a page shows what it adds. */
function writeStep(folder: string, { path, text }: { path: string; text: string }): void {
  const isAdded = path.endsWith('.json') && existsSync(join(folder, path));
  const old = isAdded ? JSON.parse(readFileSync(join(folder, path), 'utf8')) : {};
  const whole = isAdded ? JSON.stringify({ ...old, ...JSON.parse(text) }) : text;
  writeFiles(folder, { [path]: whole });
}
