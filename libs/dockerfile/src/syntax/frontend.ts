import { trimStart } from '@excel2doc/go-text';
import type { RuleSet } from '../rules';

/**
 * The frontend that BuildKit hands a Dockerfile to instead of its own: a build argument, or the
 * directive `syntax` behind `#`, behind `//`, in JSON, and behind a line with a shebang.
 *
 * @see https://github.com/moby/buildkit, parser.DetectSyntax
 */
export function frontendOf(
  source: string,
  buildArgs: Readonly<Record<string, string>>,
  rules: RuleSet,
): string | undefined {
  if (Object.hasOwn(buildArgs, 'BUILDKIT_SYNTAX'))
    return buildArgs['BUILDKIT_SYNTAX']!.trim().split(' ')[0]!;
  // Up to 0.13 a byte order mark is in the way.
  const text = (rules >= 34 ? source.replace(/^\ufeff/, '') : source).replace(/^#![^\n]*\n?/, '');
  return syntaxBehind('#', text, rules) ?? syntaxBehind('//', text, rules) ?? syntaxInJson(text);
}

function syntaxBehind(comment: string, text: string, rules: RuleSet): string | undefined {
  const directives = rules >= 34 ? ['syntax', 'escape', 'check'] : ['syntax', 'escape'];
  // Up to 0.13 only ASCII's white space stands before a name.
  const start = (line: string) =>
    rules >= 34 ? trimStart(line) : line.replace(/^[\t\n\f\r ]+/, '');
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    const plain = line.replace(/\r$/, '');
    if (!plain.startsWith(comment)) return undefined;
    const [, rawName = '', value = ''] =
      /^([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*$/.exec(
        start(plain.slice(comment.length)),
      ) ?? [];
    const name = rawName.toLowerCase();
    if (!directives.includes(name) || seen.has(name)) return undefined;
    if (name === 'syntax') return value.split(' ')[0]!;
    seen.add(name);
  }
  return undefined;
}

function syntaxInJson(text: string): string | undefined {
  if (!/^[\t\n\r ]*\{/.test(text)) return undefined;
  try {
    const { syntax } = JSON.parse(text) as { syntax?: unknown };
    return typeof syntax === 'string' && syntax !== '' ? syntax : undefined;
  } catch {
    return undefined;
  }
}
