// Takes 25 s.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Made, madeBy, madeIn } from '../testing/checkout';

const NFC = 'caf\u00e9.txt';
const FILES: Record<string, string> = {
  'lock.json': '{"format":1,"images":{}}',
  'app/Dockerfile': [
    'FROM scratch AS deps',
    'COPY requirements.txt bin/run.sh /opt/',
    'FROM deps AS runner',
    'ARG GREETING=hello',
    'COPY . /srv/',
    'COPY deep/er /parents/',
    'COPY <<EOF /etc/motd',
    '$GREETING',
    'EOF',
    'CMD ["/opt/run.sh"]',
    '',
  ].join('\n'),
  'app/.dockerignore': '*.log\n!kept.log\n',
  'app/requirements.txt': 'a==1\n',
  'app/bin/run.sh': '#!/bin/sh\necho one\n',
  'app/deep/er/one.txt': 'one\n',
  'app/deep/er/two.txt': 'one\n',
  'app/B.txt': 'b\n',
  'app/a.txt': 'a\n',
  'app/i\u0131.txt': 'i\n',
  'app/kept.log': 'kept\n',
  [`app/${NFC}`]: 'coffee\n',
  '.gitattributes': 'app/Dockerfile eol=lf\n',
};

const folder = mkdtempSync(join(tmpdir(), 'every-checkout-'));
const origin = join(folder, 'origin');
let expected: Made;

const git = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@localhost', ...args], {
    cwd,
    encoding: 'utf8',
  });

beforeAll(async () => {
  mkdirSync(origin);
  git(origin, 'init', '-q');
  for (const [file, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(origin, file)), { recursive: true });
    writeFileSync(join(origin, file), text);
  }
  chmodSync(join(origin, 'app/bin/run.sh'), 0o755);
  symlinkSync('a.txt', join(origin, 'app/link'));
  git(origin, 'add', '-A');
  git(origin, 'commit', '-qm', 'one');
  expected = await madeIn(clone());
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let clones = 0;
/** A clone of the commit. @param config of git, for this clone */
function clone({ umask = '0022', config = [] as string[], name = `clone-${++clones}` } = {}) {
  const root = join(folder, name);
  const script = 'umask "$0" && exec git clone -q "$@"';
  const settings = config.flatMap((each) => ['-c', each]);
  execFileSync('sh', ['-c', script, umask, ...settings, origin, root]);
  return root;
}

/** All below the context, folders before what is in them. */
function below(root: string): string[] {
  const all = readdirSync(join(root, 'app'), { recursive: true, encoding: 'utf8' });
  return all.sort().map((path) => join(root, 'app', path));
}

const files = (root: string) =>
  readdirSync(join(root, 'app'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** What differs between two checkouts, and says nothing about the commit. */
const checkouts: Record<string, () => Made | Promise<Made>> = {
  'umask 0000, as on the runners of GitLab and Woodpecker': () =>
    madeBy(clone({ umask: '0000' }), { umask: '0000' }),
  'umask 0002, as on Ubuntu': () => madeBy(clone({ umask: '0002' }), { umask: '0002' }),
  'umask 0077': () => madeBy(clone({ umask: '0077' }), { umask: '0077' }),
  'modes that git does not know': () => {
    const root = clone();
    for (const path of files(root)) chmodSync(path, /run\.sh$/.test(path) ? 0o4711 : 0o460);
    chmodSync(join(root, 'app/deep'), 0o1777);
    chmodSync(join(root, 'app'), 0o2775);
    return madeIn(root);
  },
  'a disk that shows all as executable (core.fileMode false)': () => {
    const root = clone();
    git(root, 'config', 'core.fileMode', 'false');
    for (const path of below(root)) if (!path.endsWith('/link')) chmodSync(path, 0o777);
    return madeIn(root);
  },
  'a worktree of such a disk': () => {
    const root = clone();
    git(root, 'config', 'core.fileMode', 'false');
    const tree = join(folder, 'worktree');
    git(root, 'worktree', 'add', '-q', '--detach', tree);
    for (const path of files(tree)) chmodSync(path, 0o777);
    return madeIn(tree);
  },
  timestamps: () => {
    const root = clone();
    for (const path of below(root).reverse()) lutimesSync(path, 86_400, 86_400);
    return madeIn(root);
  },
  'hard links': () => {
    const root = clone();
    const [one, two] = ['one', 'two'].map((name) => join(root, `app/deep/er/${name}.txt`));
    rmSync(two!);
    linkSync(one!, two!);
    return madeIn(root);
  },
  'the order of files in folders': () => {
    const root = clone();
    for (const path of files(root).reverse()) {
      renameSync(path, `${root}/moved`);
      renameSync(`${root}/moved`, path);
    }
    return madeIn(root);
  },
  'a locale with other rules of sorting and case': () =>
    madeBy(clone(), { env: { LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' } }),
  'the locale C': () => madeBy(clone(), { env: { LC_ALL: 'C', LANG: 'C' } }),
  'a time zone': () => madeBy(clone(), { env: { TZ: 'Pacific/Kiritimati' } }),
  'the path of the checkout': () => madeIn(clone({ name: 'a path, with spaces & café/' + 'x' })),
  'core.autocrlf, where .gitattributes fixes the ends of lines': () => {
    const root = clone({ config: ['core.autocrlf=true'] });
    // As whoever wants the same image writes it: the commit's own attributes name one file alone.
    writeFileSync(join(root, '.gitattributes'), '* eol=lf\n');
    git(root, 'rm', '-rq', '--cached', 'app');
    rmSync(join(root, 'app'), { recursive: true });
    git(root, 'checkout', '-q', 'HEAD', '--', 'app');
    return madeIn(root);
  },
};

test.each(Object.keys(checkouts))('the same plans and digest: %s', async (what) => {
  expect(await checkouts[what]!()).toEqual(expected);
});

test.skipIf(process.getuid?.() !== 0)('the same plans and digest: another user', () => {
  const root = clone();
  chmodSync(folder, 0o755);
  chownSync(root, 65534, 65534);
  for (const path of readdirSync(root, { recursive: true, encoding: 'utf8' }))
    if (!path.endsWith('link')) chownSync(join(root, path), 65534, 65534);
  expect(madeBy(root, { uid: 65534, env: { HOME: root } })).toEqual(expected);
});

/** What is another content, or another name, is another image, and has another key. */
const others: Record<string, (root: string) => void> = {
  'an x bit that git sees as a change': (root) => chmodSync(join(root, 'app/a.txt'), 0o755),
  'ends of lines that git writes otherwise (core.autocrlf)': (root) => {
    git(root, 'config', 'core.autocrlf', 'true');
    rmSync(join(root, 'app/a.txt'));
    git(root, 'checkout', '-q', '--', 'app/a.txt');
    expect(readFileSync(join(root, 'app/a.txt'), 'utf8')).toBe('a\r\n');
  },
  'names that a file system decomposes': (root) =>
    renameSync(join(root, 'app', NFC), join(root, 'app', NFC.normalize('NFD'))),
  'one of two names that a file system takes for one': (root) =>
    renameSync(join(root, 'app/B.txt'), join(root, 'app/b.txt')),
};

test.each(Object.keys(others))('another key and another digest: %s', async (what) => {
  const root = clone();
  others[what]!(root);
  const made = await madeIn(root);
  expect(made.plans).not.toEqual(expected.plans);
  expect(made.digest).not.toBe(expected.digest);
});

test('the ends of lines of what is read and not copied are no part of a key', async () => {
  const root = clone();
  const crlf = (file: string, text: string) =>
    writeFileSync(join(root, 'app', file), text.replaceAll('\n', '\r\n'));
  const without = FILES['app/Dockerfile']!.replace(/COPY <<EOF[^]*EOF\n/, '');
  writeFileSync(join(root, 'app/.dockerignore'), '*.log\n!kept.log\nDockerfile\n.dockerignore\n');
  writeFileSync(join(root, 'app/Dockerfile'), without);
  const before = await madeIn(root);
  crlf('Dockerfile', without);
  crlf('.dockerignore', '*.log\n!kept.log\nDockerfile\n.dockerignore\n');
  expect(await madeIn(root)).toEqual(before);
});

test('"modes": "disk" takes them from the disk', async () => {
  const root = clone({ umask: '0002' });
  const made = await madeIn(root, { modes: 'disk' });
  expect(made.digest).not.toBe(expected.digest);
  const strict = clone();
  expect((await madeIn(strict, { modes: 'disk' })).digest).toBe(expected.digest);
});
