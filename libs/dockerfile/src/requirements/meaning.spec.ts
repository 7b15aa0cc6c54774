import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRequirements } from './meaning';

const meaning = (content: string) => readRequirements(content)?.meaning;
const pinned =
  'fastapi==1.0 --hash=sha256:aa --hash=sha256:bb\nuvicorn[standard]==2 ; python_version >= "3.12"\n';

describe('readRequirements', () => {
  it.each([
    ['a comment line', `# why\n${pinned}`],
    ['a comment behind a requirement', pinned.replace('bb\n', 'bb  # why\n')],
    ['blank lines', pinned.replaceAll('\n', '\n\n  \n')],
    ['CRLF', pinned.replaceAll('\n', '\r\n')],
    ['continuation', pinned.replace(' --hash=sha256:aa', ' \\\n    --hash=sha256:aa')],
    ['order of pins', pinned.trim().split('\n').reverse().join('\n')],
    ['order of hashes', 'fastapi==1.0 --hash=sha256:bb --hash=sha256:aa\n' + pinned.split('\n')[1]],
    ['spelling of a name', pinned.replace('fastapi', 'FastAPI')],
    ['blanks', pinned.replace('==1.0', ' == 1.0')],
  ])('%s does not count', (_, content) => {
    expect(meaning(content)).toBe(meaning(pinned));
  });

  it.each([
    ['a version', pinned.replace('1.0', '1.1')],
    ['a hash', pinned.replace('bb', 'cc')],
    ['a hash less', pinned.replace(' --hash=sha256:bb', '')],
    ['a marker', pinned.replace('3.12', '3.13')],
    ['an extra', pinned.replace('[standard]', '')],
    ['a package', `${pinned}httpx==1\n`],
    ['an option', `--index-url https://example.com\n${pinned}`],
    ['an include', `-r base.txt\n${pinned}`],
    ['a constraint', `-c base.txt\n${pinned}`],
    ['# within a URL', `${pinned}a @ https://example.com/a.zip#sha256=1\n`],
  ])('%s counts', (_, content) => {
    expect(meaning(content)).not.toBe(meaning(pinned));
  });

  it('order counts where a version is left open: pip prefers what comes first', () => {
    expect(meaning('a>=1\nb>=1\n')).not.toBe(meaning('b>=1\na>=1\n'));
  });

  it.each([
    './pkg',
    '-e .',
    'wheels/a-1-py3-none-any.whl',
    'a @ file:///src/a',
    '--find-links dist',
    'a.tar.gz',
  ])('has no meaning of its own with %s: it leads to other files', (line) => {
    expect(readRequirements(`${line}\n`)).toBeUndefined();
  });

  it('comments anywhere between pins change nothing', () => {
    const pin = fc.constantFrom('a==1', 'B_c==2', 'd==3;os_name=="nt"', 'e==4 --hash=sha256:f');
    fc.assert(
      fc.property(fc.array(pin), fc.array(fc.string()), (pins, comments) => {
        const noise = comments.map((text) => `# ${text.replace(/[\r\n]/g, '')}`);
        const lines = pins.flatMap((line, at) => [line, noise[at] ?? '']);
        expect(meaning(lines.join('\n'))).toBe(meaning(pins.join('\n')));
      }),
    );
  });
});
