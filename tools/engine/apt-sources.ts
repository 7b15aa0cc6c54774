import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** One line of a sources list: an archive, one suite of it, and the key that signs it. */
export interface AptSource {
  uri: string;
  suite: string;
  components: string[];
  /** Path of a keyring; without it apt takes its trusted ones. */
  signedBy?: string;
  trusted?: boolean;
}

/** Both formats of sources.list(5): one line each, and stanzas (deb822, `*.sources`). */
export function parseAptSources(text: string, format: 'list' | 'deb822'): AptSource[] {
  return format === 'list' ? parseLines(text) : parseStanzas(text);
}

function parseLines(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)/.exec(line);
    if (!match) return [];
    const [, optionText = '', uri = '', suite = '', components = ''] = match;
    const options = new Map(
      optionText
        .trim()
        .split(/\s+/)
        .map((each): [string, string] => {
          const [key = '', ...value] = each.split('=');
          return [key.toLowerCase(), value.join('=')];
        }),
    );
    return [
      {
        uri,
        suite,
        components: words(components),
        ...signature(options.get('signed-by')),
        ...(options.get('trusted') === 'yes' && { trusted: true }),
      },
    ];
  });
}

function parseStanzas(text: string): AptSource[] {
  const withoutComments = text.replace(/^#.*\n?/gm, '');
  return withoutComments.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string>();
    for (const [, key = '', value = ''] of stanza.matchAll(/^(\S+?):((?:.*)(?:\n[ \t].*)*)/gm)) {
      fields.set(key.toLowerCase(), value.trim());
    }
    const of = (key: string) => words(fields.get(key) ?? '');
    if (!of('types').includes('deb') || /^(no|false|0)$/i.test(fields.get('enabled') ?? '')) {
      return [];
    }
    return of('uris').flatMap((uri) =>
      of('suites').map((suite) => ({
        uri,
        suite,
        components: of('components'),
        ...signature(fields.get('signed-by')),
        ...(fields.get('trusted') === 'yes' && { trusted: true }),
      })),
    );
  });
}

/** A key written into the stanza itself cannot go into a one-line source: such a one is left to
 * apt's trusted keys. */
function signature(value: string | undefined): Pick<AptSource, 'signedBy'> {
  return value?.startsWith('/') ? { signedBy: words(value.replaceAll(',', ' '))[0]! } : {};
}

function words(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}

/** The one-line form of sources.list(5). */
export function formatAptSource(source: AptSource): string {
  const options = [
    ...(source.signedBy ? [`signed-by=${source.signedBy}`] : []),
    ...(source.trusted ? ['trusted=yes'] : []),
  ];
  return ['deb', ...(options.length ? [`[${options.join(' ')}]`] : []), source.uri, source.suite]
    .concat(source.components)
    .join(' ');
}

/**
 * The host's sources of its own release: of `codename`, its updates and its security fixes. What
 * third parties add is left out, so that an engine is made of the distribution's packages only.
 */
export function ownSources(sources: AptSource[], codename: string): AptSource[] {
  return sources.filter(
    (each) =>
      (each.suite === codename || each.suite.startsWith(`${codename}-`)) &&
      each.components.includes('main'),
  );
}

/** `sources` with the host's release replaced by another one, of the same archive and key. */
export function sourcesOfRelease(own: AptSource[], codename: string, release: string): AptSource[] {
  return own.map((each) => ({ ...each, suite: each.suite.replace(codename, release) }));
}

/** All sources that apt has on this machine. */
export async function readAptSources(aptFolder = '/etc/apt'): Promise<AptSource[]> {
  const parts = join(aptFolder, 'sources.list.d');
  const names = await readdir(parts).catch((): string[] => []);
  const files = [join(aptFolder, 'sources.list'), ...names.sort().map((name) => join(parts, name))];
  const parsed = await Promise.all(
    files.map(async (file) => {
      const format = file.endsWith('.sources') ? 'deb822' : 'list';
      if (format === 'list' && !file.endsWith('.list')) return [];
      return parseAptSources(await readFile(file, 'utf8').catch(() => ''), format);
    }),
  );
  return parsed.flat();
}
