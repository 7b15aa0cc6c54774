import { trimStart } from '@excel2doc/go-text';

/**
 * The frontend that BuildKit hands a Dockerfile to instead of its own: a build argument, or the
 * directive `syntax` behind `#`, behind `//`, in JSON, and behind a line with a shebang.
 *
 * @see https://github.com/moby/buildkit, parser.DetectSyntax
 */
export function frontendOf(
  source: string,
  buildArgs: Readonly<Record<string, string>>,
): string | undefined {
  if (Object.hasOwn(buildArgs, 'BUILDKIT_SYNTAX'))
    return buildArgs['BUILDKIT_SYNTAX']!.trim().split(' ')[0]!;
  const text = source.replace(/^\ufeff/, '').replace(/^#![^\n]*\n?/, '');
  return syntaxBehind('#', text) ?? syntaxBehind('//', text) ?? syntaxInJson(text);
}

function syntaxBehind(comment: string, text: string): string | undefined {
  const seen = new Set<string>();
  for (const line of text.split('\n')) {
    const plain = line.replace(/\r$/, '');
    if (!plain.startsWith(comment)) return undefined;
    const [, rawName = '', value = ''] =
      /^([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+?)[\t\n\f\r ]*$/.exec(
        trimStart(plain.slice(comment.length)),
      ) ?? [];
    const name = rawName.toLowerCase();
    if (!['syntax', 'escape', 'check'].includes(name) || seen.has(name)) return undefined;
    if (name === 'syntax') return value.split(' ')[0]!;
    seen.add(name);
  }
  return undefined;
}

function syntaxInJson(text: string): string | undefined {
  try {
    const { syntax } = JSON.parse(text) as { syntax?: unknown };
    return typeof syntax === 'string' && syntax !== '' ? syntax : undefined;
  } catch {
    return undefined;
  }
}
