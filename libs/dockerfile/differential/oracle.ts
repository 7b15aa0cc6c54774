import { join } from 'node:path';
import { goProgram } from '@excel2doc/go-text/testing/go-program';
import type { RuleSet } from '../src/rules';

/** What the Go program is asked; see oracle/ask.go. */
export interface Question {
  ask: 'llb' | 'ignore' | 'parse' | 'syntax' | 'expand';
  text: string;
  target?: string;
  args?: Record<string, string>;
  images?: Record<string, unknown>;
  env?: string[];
  escape?: string;
  ignoreQuotes?: boolean;
  paths?: string[];
}

export interface Answer {
  error?: string;
  text?: string;
  words?: string[];
  ignore?: boolean[];
  stages?: { name: string; base: string; platform: string; commands: Record<string, unknown>[] }[];
  copies?: { from: string; to: string; include?: string[]; exclude?: string[] }[];
  mounts?: string[];
  remote?: string[];
  local?: Record<string, string>;
}

export interface Oracle {
  rules: RuleSet;
  ask(questions: readonly Question[]): Answer[];
}

/** BuildKit's own Go code, of each version that has a rule set; none where Go is missing. */
export function oracles(): Oracle[] {
  const folders = [
    [13, 'v0.13'],
    [34, 'current'],
  ] as const;
  return folders.flatMap(([rules, folder]) => {
    const all = join(__dirname, '../oracle');
    const shared = [join(all, 'ask.go')];
    const program = goProgram(join(all, folder), `buildkit-oracle-${folder}`, shared);
    return program
      ? [{ rules, ask: (questions) => program.ask(questions) as Answer[] } satisfies Oracle]
      : [];
  });
}
