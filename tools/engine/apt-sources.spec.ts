import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AptSource,
  formatAptSource,
  ownSources,
  parseAptSources,
  readAptSources,
  sourcesOfRelease,
} from './apt-sources';

const KEY = '/usr/share/keyrings/debian-archive-keyring.gpg';

describe('parseAptSources', () => {
  it('reads one-line sources with and without options, less comments and sources of source code', () => {
    const text = [
      '# deb http://mirror.example/debian bookworm main',
      'deb http://mirror.example/debian bookworm main contrib # the mirror',
      `deb [ arch=amd64 signed-by=${KEY} ] http://mirror.example/debian-security bookworm-security main`,
      'deb [trusted=yes] file:/srv/debs ./',
      'deb-src http://mirror.example/debian bookworm main',
      '',
    ].join('\n');
    expect(parseAptSources(text, 'list')).toEqual([
      { uri: 'http://mirror.example/debian', suite: 'bookworm', components: ['main', 'contrib'] },
      {
        uri: 'http://mirror.example/debian-security',
        suite: 'bookworm-security',
        components: ['main'],
        signedBy: KEY,
      },
      { uri: 'file:/srv/debs', suite: './', components: [], trusted: true },
    ]);
  });

  it('reads deb822 stanzas: several suites, comments inside, disabled ones, keys written in', () => {
    const text = [
      'Types: deb deb-src',
      '# http://snapshot.example',
      'URIs: http://mirror.example/debian',
      'Suites: bookworm bookworm-updates',
      'Components: main',
      `Signed-By: ${KEY}`,
      '',
      'Types: deb',
      'URIs: http://other.example',
      'Suites: stable',
      'Components: main',
      'Enabled: no',
      '',
      'types: deb',
      'uris: http://keyed.example',
      'suites: stable',
      'components: main',
      'signed-by:',
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
      ' .',
      ' abc',
    ].join('\n');
    const source = { uri: 'http://mirror.example/debian', components: ['main'], signedBy: KEY };
    expect(parseAptSources(text, 'deb822')).toEqual([
      { ...source, suite: 'bookworm' },
      { ...source, suite: 'bookworm-updates' },
      { uri: 'http://keyed.example', suite: 'stable', components: ['main'] },
    ]);
  });

  it('reads back every source that it writes', () => {
    const word = fc.stringMatching(/^[a-z][a-z0-9./-]{0,12}$/);
    const source = fc.record(
      {
        uri: word.map((path) => `http://${path}`),
        suite: word,
        components: fc.array(word, { maxLength: 3 }),
        signedBy: word.map((path) => `/${path}`),
        trusted: fc.constant(true),
      },
      { requiredKeys: ['uri', 'suite', 'components'] },
    );
    fc.assert(
      fc.property(source, (each) => {
        expect(parseAptSources(formatAptSource(each as AptSource), 'list')).toEqual([each]);
      }),
    );
  });
});

describe('ownSources and sourcesOfRelease', () => {
  const of = (suite: string, components = ['main']) => ({
    uri: `http://${suite}.example`,
    suite,
    components,
  });
  const all = [of('bookworm'), of('bookworm-security'), of('stable'), of('bookworm', ['contrib'])];

  it("leave out third parties' sources", () => {
    expect(ownSources(all, 'bookworm')).toEqual([of('bookworm'), of('bookworm-security')]);
  });

  it('name another release of the same archive', () => {
    const suites = sourcesOfRelease(ownSources(all, 'bookworm'), 'bookworm', 'trixie');
    expect(suites.map((each) => each.suite)).toEqual(['trixie', 'trixie-security']);
  });
});

describe('readAptSources', () => {
  it('reads sources.list and both kinds of parts, and nothing that apt would not read', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'apt-'));
    await mkdir(join(folder, 'sources.list.d'));
    await writeFile(join(folder, 'sources.list'), 'deb http://a.example a main\n');
    await writeFile(join(folder, 'sources.list.d/b.list'), 'deb http://b.example b main\n');
    await writeFile(
      join(folder, 'sources.list.d/c.sources'),
      'Types: deb\nURIs: http://c.example\nSuites: c\nComponents: main\n',
    );
    await writeFile(join(folder, 'sources.list.d/d.list.save'), 'deb http://d.example d main\n');
    expect((await readAptSources(folder)).map((each) => each.suite)).toEqual(['a', 'b', 'c']);
    await rm(folder, { recursive: true });
  });

  it('takes a machine without apt for one without sources', async () => {
    expect(await readAptSources('/nonexistent')).toEqual([]);
  });
});
