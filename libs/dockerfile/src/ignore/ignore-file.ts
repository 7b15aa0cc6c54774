import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { cleanPath, trimSpace } from '@excel2doc/go-text';
import { DockerfileError } from '../error';
import type { Pattern } from './pattern';
import { MalformedPattern, PatternList, readPattern } from './pattern';

/** A pattern and the line that it stands in. */
export interface IgnoreRule extends Pattern {
  file: string;
  line: number;
  /** As written. */
  written: string;
}

export type IgnoreRules = PatternList<IgnoreRule>;

/**
 * The rules of an ignore file's content.
 *
 * @throws DockerfileError `BAD_IGNORE_PATTERN`
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function parseIgnoreFile(content: string, file: string): IgnoreRules {
  const rules: IgnoreRule[] = [];
  const lines = content.replace(/^\ufeff/, '').split('\n');
  lines.forEach((raw, index) => {
    if (raw.startsWith('#')) return;
    const written = trimSpace(raw);
    if (written === '') return;
    const negated = written.startsWith('!');
    let text = negated ? trimSpace(written.slice(1)) : written;
    if (text !== '') {
      text = cleanPath(text);
      if (text.length > 1 && text.startsWith('/')) text = text.slice(1);
    }
    const located = <T>(read: () => T): T => {
      try {
        return read();
      } catch (cause) {
        if (!(cause instanceof MalformedPattern)) throw cause;
        throw new DockerfileError('BAD_IGNORE_PATTERN', {
          at: { file, line: index + 1, column: 1 },
          message: cause.message,
          hint: 'a [ wants its ], and ! wants a pattern',
          cause,
        });
      }
    };
    const pattern = located(() => readPattern((negated ? '!' : '') + text));
    if (!pattern) return;
    const matches = (path: string) => located(() => pattern.matches(path));
    rules.push({ ...pattern, matches, file, line: index + 1, written });
  });
  return new PatternList(rules);
}

/** The rules for a Dockerfile: its own `<name>.dockerignore`, or the context's `.dockerignore`. */
export function readIgnoreRules(dockerfilePath: string, contextDir: string): IgnoreRules {
  const own = `${basename(dockerfilePath)}.dockerignore`;
  const ownContent = contentOf(join(dirname(dockerfilePath), own));
  if (ownContent !== undefined) return parseIgnoreFile(ownContent, own);
  return parseIgnoreFile(contentOf(join(contextDir, '.dockerignore')) ?? '', '.dockerignore');
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
