import fc from 'fast-check';
import type { Instruction } from '../assemble/instruction';
import { directory, file, type Item, link } from './trees';

/** A small image with what makes COPY hard: links to folders, odd modes and owners, users by name. */
export const smallBase: Item[][] = [
  [
    directory('etc'),
    file('etc/passwd', 'root:x:0:0::/root:/bin/sh\napp:x:1001:1002::/srv:/bin/sh\n'),
    file('etc/group', 'root:x:0:\nweb:x:33:app\napp:x:1002:\n'),
    directory('usr'),
    directory('usr/bin'),
    file('usr/bin/tool', 'tool', { mode: 0o4755 }),
    link('symlink', 'bin', 'usr/bin'),
    directory('srv', { mode: 0o2770, uid: 1001, gid: 33 }),
    file('srv/old', 'old', { uid: 1001, gid: 1002 }),
    directory('tmp', { mode: 0o1777 }),
    link('symlink', 'current', '/srv'),
    link('symlink', 'loop', 'loop2/../missing'),
    directory('data'),
    file('data/gone', 'gone'),
    file('data/kept', 'kept'),
  ],
  [
    directory('data'),
    file('data/.wh.gone', ''),
    link('hardlink', 'data/kept-too', 'data/kept'),
    file('data/kept', 'kept 2'),
    directory('opt', { mode: 0o755 }),
  ].sort((a, b) => Number(a.entry.type === 'hardlink') - Number(b.entry.type === 'hardlink')),
];

/** cap_net_raw+ep; BuildKit keeps no other extended attribute in its layers. */
const netRaw = Buffer.from('0100000200200000000000000000000000000000', 'hex');

/** What the stage `builder` exports, one layer for each path. */
export const exportedPaths = ['/opt/venv', '/usr/bin/made'];
export const exportedLayers: Item[][] = [
  [
    directory('opt'),
    directory('opt/venv'),
    directory('opt/venv/bin', { mode: 0o750, uid: 5, gid: 6 }),
    file('opt/venv/bin/run', 'run', { mode: 0o755, xattrs: { 'security.capability': netRaw } }),
    link('symlink', 'opt/venv/bin/python', 'run'),
    file('opt/venv/cfg', 'cfg', { uid: 7, gid: 8 }),
    link('hardlink', 'opt/venv/cfg-too', 'opt/venv/cfg', { uid: 7, gid: 8 }),
  ],
  [directory('usr'), directory('usr/bin'), file('usr/bin/made', 'made', { mode: 0o755 })],
];

/** Files of the build context: path -> content, or null for a folder; `->x` is a symbolic link. */
export const contextFiles: Record<string, string | null> = {
  'a.txt': 'a',
  'b.txt': 'b',
  'run.sh': '#!/bin/sh\n',
  src: null,
  'src/main.py': 'main',
  'src/old': 'replaces',
  'src/empty': null,
  'src/sub': null,
  'src/sub/x.txt': 'x',
  'src/sub/y.py': 'y',
  'src/lnk': '->sub/x.txt',
  'src/bin': null,
  'src/bin/cmd': 'cmd',
  'to-src': '->src',
  'to-a': '->a.txt',
  tmp: null,
  'tmp/t': 't',
};
export const contextModes: Record<string, number> = {
  'run.sh': 0o755,
  'src/sub': 0o700,
  'src/main.py': 0o640,
  'b.txt': 0o600,
  tmp: 0o711,
};

/** Mostly what goes well, sometimes what both have to refuse. */
function mostly<T>(good: readonly T[], bad: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 40, arbitrary: fc.constantFrom(...good) },
    { weight: 1, arbitrary: fc.constantFrom(...bad) },
  );
}

const contextSource = mostly(
  [
    'a.txt',
    'b.txt',
    'run.sh',
    'src',
    'src/',
    '.',
    'src/sub',
    'src/empty',
    'to-src',
    'to-a',
    'tmp',
    '*.txt',
    'src/*',
    'src/s*/*.txt',
    's[r-t]c/main.??',
    './src/./sub',
    'src/lnk',
    '*/[^a-r]*',
  ],
  ['none*', 'missing'],
);
const stageSource = mostly(
  [
    '/opt/venv',
    '/opt/venv/',
    '/usr/bin/made',
    'opt/venv/bin',
    '/opt/venv/bin/*',
    '/opt/venv/cfg*',
    '/opt',
  ],
  ['/', '/gone'],
);
const destination = mostly(
  [
    '.',
    './',
    '/app',
    '/app/',
    '/app/deep/er/',
    '/srv',
    '/srv/',
    '/bin/',
    '/srv/new',
    '../up/',
    '/current',
    '/current/new/',
    '/tmp',
    '/tmp/',
    'rel',
    'rel/',
    '/data/sub/',
    '/loop/',
    '/opt/venv/',
  ],
  [
    '/',
    '/srv/old',
    '/bin',
    '/bin/made',
    '/data/kept',
    '/loop/x',
    '/opt/venv',
    '/usr/bin/made',
    '/etc/passwd',
  ],
);
const chown = fc.constantFrom(
  undefined,
  undefined,
  undefined,
  'app',
  'app:web',
  '1234',
  '12:34',
  'nobody:web',
  ':web',
  'app:',
);
const chmod = fc.constantFrom(undefined, undefined, undefined, '755', '0600', '4711', '1777');

const copyInstruction = fc
  .record({
    kind: fc.constantFrom('copy' as const, 'copy' as const, 'add' as const),
    fromStage: fc.integer({ min: 0, max: 3 }).map((choice) => choice === 0),
    contextSources: fc.array(contextSource, { minLength: 1, maxLength: 2 }),
    stageSources: fc.array(stageSource, { minLength: 1, maxLength: 2 }),
    destination,
    chown,
    chmod,
    link: fc.integer({ min: 0, max: 4 }).map((choice) => choice === 0),
  })
  .map(({ kind, fromStage, contextSources, stageSources, destination, chown, chmod, link }) => {
    const stage = fromStage && kind === 'copy';
    const sources = stage ? stageSources : contextSources;
    const many = sources.length > 1 && !destination.endsWith('/') && destination !== '.';
    return {
      kind,
      sources,
      destination: many ? `${destination}/` : destination,
      line: 1,
      ...(stage && { from: 'builder' }),
      ...(chown && { chown }),
      ...(chmod && { chmod }),
      // With a name it is refused by both.
      ...(link && !/[a-z]/.test(chown ?? '') && { link }),
    } as Instruction;
  });

const text = fc.constantFrom('x', 'two words', 'q"uote', "it's", 'back\\slash', 'été', '', 'a=b');
const command = fc.oneof(
  fc
    .array(fc.constantFrom('run', '-x', 'two words', 'q"', 'été'), { minLength: 1, maxLength: 3 })
    .map((all) => ({ form: 'exec' as const, arguments: all })),
  fc
    .constantFrom('echo hello', 'exec "$0" && true')
    .map((words) => ({ form: 'shell' as const, text: words })),
);
const key = fc.constantFrom('PATH', 'A', 'B', 'LONG_NAME');
const entries = fc.array(fc.record({ key, value: text }), { minLength: 1, maxLength: 2 });

const metadataInstruction: fc.Arbitrary<Instruction> = fc.oneof(
  fc
    .constantFrom('/app', 'sub', '/srv/work', '/current/w', '/', '/tmp', '..')
    .map((path) => ({ kind: 'workdir' as const, path, line: 1 })),
  entries.map((all) => ({ kind: 'env' as const, entries: all, line: 1 })),
  entries.map((all) => ({ kind: 'label' as const, entries: all, line: 1 })),
  fc
    .constantFrom('app', 'app:web', '1000', '1000:33', 'ghost')
    .map((user) => ({ kind: 'user' as const, user, line: 1 })),
  fc
    .subarray(['8000', '53/udp', '9000-9002', '443/tcp'], { minLength: 1 })
    .map((ports) => ({ kind: 'expose' as const, ports, line: 1 })),
  command.map((value) => ({ kind: 'cmd' as const, command: value, line: 1 })),
  command.map((value) => ({ kind: 'entrypoint' as const, command: value, line: 1 })),
  fc.constantFrom<Instruction>(
    { kind: 'healthcheck', test: ['NONE'], line: 1 },
    {
      kind: 'healthcheck',
      test: ['CMD-SHELL', 'curl -f x || exit 1'],
      intervalNs: 90e9,
      timeoutNs: 1.5e9,
      retries: 3,
      line: 1,
    },
    {
      kind: 'healthcheck',
      test: ['CMD', 'check', 'a b'],
      startPeriodNs: 3600e9,
      retries: 40,
      line: 1,
    },
    { kind: 'volume', paths: ['/data', '/v two'], line: 1 },
    { kind: 'stopsignal', signal: 'SIGINT', line: 1 },
    { kind: 'shell', shell: ['/bin/bash', '-ec'], line: 1 },
    { kind: 'maintainer', name: 'somebody', line: 1 },
    { kind: 'arg', entries: [{ key: 'WITH', value: 'value' }, { key: 'WITHOUT' }], line: 1 },
    {
      kind: 'copy',
      sources: [],
      heredocs: [{ name: 'EOF', content: 'inline\n' }],
      destination: '/app/inline',
      line: 1,
    },
    {
      kind: 'copy',
      sources: [],
      heredocs: [
        { name: 'one', content: '' },
        { name: 'two', content: 'x\ny\n' },
      ],
      destination: '/srv/',
      chown: 'app',
      line: 1,
    },
  ),
);

export const stageArbitrary = fc.array(
  fc.oneof({ weight: 2, arbitrary: copyInstruction }, metadataInstruction),
  {
    minLength: 1,
    maxLength: 6,
  },
);
