import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDockerfile } from '../dockerfile';
import { DockerfileError } from '../error';
import { explainDifference } from '../explain';
import type { StagePlan } from '../plan';
import { serialisePlan } from '../serialise';
import type { PlanOptions } from './plan-stages';
import { planStages } from './plan-stages';

const digest = `sha256:${'a'.repeat(64)}`;
let context: string;

beforeEach(() => {
  context = mkdtempSync(join(tmpdir(), 'plan-'));
});
afterEach(() => rmSync(context, { recursive: true, force: true }));

function write(files: Record<string, string>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(context, path)), { recursive: true });
    writeFileSync(join(context, path), content);
  }
}

type Options = Partial<PlanOptions>;

function planAll(lines: string[], options: Options = {}) {
  const dockerfile = parseDockerfile([...lines, ''].join('\n'), { file: 'Dockerfile' });
  return planStages(dockerfile, { contextDir: context, platforms: ['linux/amd64'], ...options });
}

function plan(lines: string[], stage?: string, options: Options = {}): StagePlan {
  const files = planAll(lines, options);
  return (files.find((file) => file.stage === stage) ?? files.at(-1)!).platforms[0]!;
}

const paths = (stage: StagePlan) => stage.files.map(({ path }) => path);

function refusal(lines: string[], options: Options = {}): DockerfileError {
  try {
    planAll(lines, options);
  } catch (error) {
    if (error instanceof DockerfileError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('the files of a plan', () => {
  it('are what COPY takes: folders with all that is in them, wildcards, several sources', () => {
    write({ 'app/a.py': '', 'app/sub/b.py': '', 'c.txt': '', 'd.txt': '', 'e.md': '' });
    expect(paths(plan(['FROM scratch', 'COPY app *.txt /x/']))).toEqual([
      'app',
      'app/a.py',
      'app/sub',
      'app/sub/b.py',
      'c.txt',
      'd.txt',
    ]);
  });

  it('are what a bind mount shows, the whole context without a source', () => {
    write({ 'uv.lock': '', other: '' });
    const run = (mount: string) => paths(plan(['FROM a', `RUN --mount=${mount},target=/t true`]));
    expect(run('type=bind,source=uv.lock')).toEqual(['uv.lock']);
    expect(run('type=bind')).toEqual(['.', 'other', 'uv.lock']);
    expect(run('type=cache')).toEqual([]);
  });

  it('come back from below an ignored folder', () => {
    write({ '.dockerignore': 'docs\n!docs/keep\n', 'docs/keep/a': '', 'docs/drop': '', b: '' });
    expect(paths(plan(['FROM scratch', 'COPY . /x']))).toEqual([
      '.',
      '.dockerignore',
      'b',
      'docs',
      'docs/keep',
      'docs/keep/a',
    ]);
  });

  it('take COPY --parents and --exclude as they are', () => {
    write({ 'a/x/1.txt': '', 'a/x/2.md': '', 'a/y/3.txt': '', 'b/4.txt': '' });
    const copy = (args: string) => paths(plan(['FROM scratch', `COPY ${args} /o/`]));
    expect(copy('--parents a/x/*.txt b')).toEqual(['a', 'a/x', 'a/x/1.txt', 'b', 'b/4.txt']);
    expect(copy('--parents ./a/./x/1.txt')).toEqual(['a/x', 'a/x/1.txt']);
    expect(copy('--parents **/*.txt')).toHaveLength(7);
    expect(copy('--parents b/4.txt/./x')).toEqual(['b/4.txt']);
    expect(copy('--exclude=**/*.txt a')).toEqual(['a', 'a/x', 'a/x/2.md', 'a/y']);
    expect(copy('--exclude=x --exclude=!x/1.txt a')).toEqual([
      'a',
      'a/x',
      'a/x/1.txt',
      'a/y',
      'a/y/3.txt',
    ]);
  });

  it('follow a link that COPY names, and keep one that it comes upon', () => {
    write({ 'real/a': 'text' });
    symlinkSync('real', join(context, 'link'));
    symlinkSync('/nowhere', join(context, 'real/dangling'));
    expect(plan(['FROM scratch', 'COPY link /x']).files).toMatchObject([
      { path: 'link', type: 'directory', mode: '' },
      { path: 'link/a', type: 'file' },
      { path: 'link/dangling', type: 'symlink', link: '/nowhere' },
    ]);
  });

  it('have names with blanks, line ends and bytes that are no UTF-8', () => {
    write({ 'a b': '', 'c\nd': '' });
    writeFileSync(Buffer.concat([Buffer.from(`${context}/`), Buffer.from([0xff, 0x65])]), '');
    const [file] = planAll(['FROM scratch', 'COPY . /x']);
    expect(paths(file!.platforms[0]!)).toEqual(['.', 'a b', 'c\nd', '\udcffe']);
    expect(serialisePlan(file!)).toContain('"\\udcffe"');
  });

  it('are those that a variable names', () => {
    write({ 'conf/prod.toml': '', 'conf/dev.toml': '' });
    const lines = ['ARG WHERE=dev', 'FROM scratch', 'ARG WHERE', 'COPY conf/${WHERE:-x}.toml /'];
    expect(paths(plan(lines))).toEqual(['conf/dev.toml']);
    const given = plan(lines, undefined, { buildArgs: { WHERE: 'prod' } });
    expect(paths(given)).toEqual(['conf/prod.toml']);
    expect(given.args).toEqual({ WHERE: 'prod' });
  });

  it('are all of them, with the reason, where a variable is not known', () => {
    write({ a: '', 'b/c': '' });
    const { files, wholeContext } = plan(['FROM python', 'ARG WHERE', 'COPY $WHERE /x']);
    expect(files.map(({ path }) => path)).toEqual(['.', 'a', 'b', 'b/c']);
    expect(wholeContext).toEqual([{ reason: expect.stringContaining('COPY $WHERE'), line: 3 }]);
  });

  it('are those of ONBUILD triggers of a base stage', () => {
    write({ a: '', b: '' });
    const lines = ['FROM scratch AS t', 'ONBUILD COPY a /', 'FROM t', 'COPY b /'];
    expect(paths(plan(lines, 't'))).toEqual([]);
    expect(plan(lines)).toMatchObject({
      files: [{ path: 'a' }, { path: 'b' }],
      instructions: [{ text: 'COPY a /', from: 'base' }, { text: 'COPY b /' }],
    });
  });
});

describe('the triggers of a base image', () => {
  it('read what they copy, where the image is known to have any', () => {
    write({ a: '' });
    const bases = { python: { digest, env: {}, onbuild: ['COPY a /a', 'RUN x'] } };
    expect(plan(['FROM python'], undefined, { bases })).toMatchObject({
      files: [{ path: 'a' }],
      instructions: [
        { text: 'COPY a /a', from: 'base' },
        { text: 'RUN x', from: 'base' },
      ],
    });
  });

  it('may read anything, where nobody knows them', () => {
    write({ a: '' });
    const bases = { python: { digest, onbuild: 'unknown' as const } };
    const { files, wholeContext, uncacheable } = plan(['FROM python'], undefined, { bases });
    expect(files).toMatchObject([{ path: '.' }, { path: 'a' }]);
    expect(wholeContext).toEqual([{ reason: expect.stringContaining('python'), line: 1 }]);
    expect(uncacheable).toEqual([]);
  });
});

describe('a base image', () => {
  it('is taken as it is for the platform of its FROM', () => {
    const [own, builds] = ['1', '2'].map((letter) => `sha256:${letter.repeat(64)}`);
    const bases = {
      go: { digest: own!, platforms: { 'linux/s390x': { digest: builds!, env: { WHERE: 'a' } } } },
    };
    write({ a: '' });
    const lines = ['FROM --platform=$BUILDPLATFORM go', 'COPY $WHERE /'];
    const options = { bases, buildPlatform: 'linux/s390x' };
    const { base, files } = plan(lines, undefined, options);
    expect(base).toMatchObject({ digest: builds, platform: 'linux/s390x' });
    expect(files.map(({ path }) => path)).toEqual(['a']);
    expect(plan(['FROM go'], undefined, options).base).toMatchObject({ digest: own });
  });

  it('that was found and is not locked is not cached', () => {
    const bases = { python: { digest, isUnlocked: true } };
    const { base, uncacheable } = plan(['FROM python'], undefined, { bases });
    expect(base).toMatchObject({ digest });
    expect(uncacheable).toEqual([{ reason: expect.stringContaining('not locked'), line: 1 }]);
  });
});

describe('the walk', () => {
  it('never enters an ignored folder that nothing comes back from', (test) => {
    write({ '.dockerignore': 'node_modules\n!src\n', 'node_modules/a/b': '', 'src/c': '' });
    const [ignored, read] = ['node_modules', 'src'].map((name) => join(context, name));
    // Most file systems note the first look into a folder since it changed (relatime).
    for (const path of [ignored!, read!]) utimesSync(path, 1, Date.now() / 1000);
    plan(['FROM scratch', 'COPY . /x']);
    if (statSync(read!).atimeMs === 1000) test.skip('no access times here');
    expect(statSync(ignored!).atimeMs).toBe(1000);
  });
});

describe('the key', () => {
  const lines = [
    'FROM python:3.12 AS deps',
    'RUN --mount=type=bind,source=requirements.txt,target=/r.txt pip install -r /r.txt',
    'FROM python:3.12 AS runner',
    'COPY --from=deps /opt/venv /opt/venv',
    'COPY app /app',
    'FROM runner AS test',
    'COPY tests /tests',
  ];
  beforeEach(() =>
    write({
      'requirements.txt': 'fastapi==1.0\n',
      'app/main.py': 'app',
      'tests/test.py': 'test',
      'README.md': 'readme',
      '.dockerignore': '*.md\n',
    }),
  );

  /** Names of the stages whose key an edit changes. */
  function changed(edit: () => void, after = lines, options: Options = {}): string[] {
    const keys = () => new Map<string, string>();
    const before = keys();
    for (const file of planAll(lines, { bases: { 'python:3.12': digest } }))
      before.set(file.stage, serialisePlan(file));
    edit();
    const now = planAll(after, { bases: { 'python:3.12': digest }, ...options });
    return now
      .filter((file) => before.get(file.stage) !== serialisePlan(file))
      .map(({ stage }) => stage);
  }

  it.each<[string, Record<string, string>, string[]]>([
    ['a comment in requirements.txt', { 'requirements.txt': '# why\nfastapi==1.0 # pin\n\n' }, []],
    ['a new package', { 'requirements.txt': 'fastapi==1.0\nhttpx==1.0\n' }, ['deps']],
    ['a new README', { 'README.md': 'new', 'CHANGES.txt': '' }, []],
    ['an edit of a test', { 'tests/test.py': 'new' }, ['test']],
    ['a source file', { 'app/main.py': 'new' }, ['runner']],
    ['a line in .dockerignore that hides nothing new', { '.dockerignore': '*.md\n*.log\n' }, []],
    ['one that hides a source file', { '.dockerignore': 'app/*.py\n' }, ['runner']],
  ])('%s', (_, files, stages) => {
    expect(changed(() => write(files))).toEqual(stages);
  });

  it('a mode bit of a source file', () => {
    expect(changed(() => chmodSync(join(context, 'app/main.py'), 0o755))).toEqual(['runner']);
  });

  it('comments, blank lines and case of the Dockerfile do not count', () => {
    const other = lines.flatMap((line) => ['# a comment', '', line.replace('COPY', 'copy')]);
    expect(changed(() => undefined, other)).toEqual([]);
  });

  it('instructions of another stage do not count', () => {
    expect(changed(() => undefined, [...lines, 'USER nobody'])).toEqual(['test']);
  });

  it('a moved base', () => {
    const bases = { 'python:3.12': `sha256:${'b'.repeat(64)}` };
    expect(changed(() => undefined, lines, { bases })).toEqual(['deps', 'runner']);
  });

  it('a mount counts as written, in whatever order and spelling', () => {
    const run = (mount: string) => plan(['FROM a', `RUN --mount=${mount} true`]).instructions;
    expect(run('type=cache,dst=/c,ro')).toEqual(run('readonly,destination=/c,TYPE=cache'));
    expect(run('type=secret,source=a')).toEqual(run('type=secret,id=a'));
    expect(run('type=cache,target=/c')).not.toEqual(run('type=cache,target=/d'));
    expect(run('type=cache,target=/c,id=x,sharing=locked')).toEqual([
      { keyword: 'RUN', text: 'RUN --mount=type=cache,target=/c,id=x,sharing=locked true' },
    ]);
  });

  it('names the stage that COPY and mounts read, however the file calls it', () => {
    const lines = [
      'FROM a AS b',
      'FROM a',
      'FROM c',
      'COPY --from=0 /x /x',
      'COPY --from=1 /y /y',
      'RUN --mount=from=B,target=/z z',
    ];
    expect(plan(lines).instructions.map(({ text }) => text)).toEqual([
      'COPY --from=b /x /x',
      'COPY --from=stage-1 /y /y',
      'RUN --mount=type=bind,from=b,target=/z z',
    ]);
  });

  it('is the same bytes for the same input, and says so to explainDifference', () => {
    const [first, second] = [planAll(lines), planAll(lines)];
    expect(first.map(serialisePlan)).toEqual(second.map(serialisePlan));
    first.forEach(({ platforms: [before] }, index) => {
      expect(explainDifference(before!, second[index]!.platforms[0]!)).toEqual([]);
    });
  });
});

describe('a plan', () => {
  it('folds a toolchain into the stage that is copied from', () => {
    const lines = [
      'FROM a AS tools',
      'RUN x',
      'FROM tools AS b',
      'RUN y',
      'FROM scratch',
      'COPY --from=b /z /z',
    ];
    expect(plan(lines, 'b')).toMatchObject({
      output: { kind: 'paths', paths: ['/z'] },
      base: { kind: 'image', reference: 'a' },
      instructions: [{ text: 'RUN x' }, { text: 'RUN y' }],
      stages: [],
    });
  });

  it('says that a base without a digest is not cached, and takes one in the reference', () => {
    expect(plan(['FROM python:3.12']).uncacheable).toHaveLength(1);
    expect(plan([`FROM python:3.12@${digest}`])).toMatchObject({
      base: { digest },
      uncacheable: [],
    });
    const bases = { 'docker.io/library/python:3.12': digest };
    expect(plan(['FROM python:3.12'], undefined, { bases }).uncacheable).toEqual([]);
  });

  it('says that a remote ADD without a checksum is not cached', () => {
    const add = (args: string) => plan(['FROM scratch', `ADD ${args} /x`]).uncacheable.length;
    expect(add('https://example.com/a.tar')).toBe(1);
    expect(add(`--checksum=${digest} https://example.com/a.tar`)).toBe(0);
    expect(add('https://github.com/a/b.git#main')).toBe(1);
    expect(add(`https://github.com/a/b.git#${'1'.repeat(40)}`)).toBe(0);
  });

  it('has the automatic platform arguments of each platform', () => {
    const lines = ['FROM --platform=$BUILDPLATFORM a', 'ARG TARGETARCH'];
    const [file] = planAll(lines, {
      platforms: ['linux/amd64', 'arm64'],
      buildPlatform: 'linux/amd64',
    });
    expect(file!.platforms).toMatchObject([
      { platform: 'linux/amd64', args: { TARGETARCH: 'amd64' }, base: { reference: 'a' } },
      { platform: 'linux/arm64', args: { TARGETARCH: 'arm64' }, base: { platform: 'linux/amd64' } },
    ]);
  });

  it('hands the arguments of a base stage down', () => {
    const lines = ['FROM a AS b', 'ARG X=1', 'FROM b', 'RUN y'];
    expect(plan(lines)).toMatchObject({
      args: { X: '1' },
      instructions: [{ text: 'ARG X', from: 'argument' }, { text: 'RUN y' }],
    });
  });

  it.each([
    ['FROM ${A}-${B}', 'ARG A=x\nARG B=y', 'x-y'],
    ['FROM ${A:-z}', '', 'z'],
    ['FROM python AS python', '', 'python'],
  ])('%s', (from, before, reference) => {
    expect(plan([before, from])).toMatchObject({ base: { kind: 'image', reference } });
  });

  it('takes a stage named like an image for the stage', () => {
    expect(plan(['FROM python AS python', 'FROM python'])).toMatchObject({
      base: { stage: 'python' },
    });
  });

  it('takes a named context in the place of a stage or an image', () => {
    const namedContexts = { b: `oci-layout:///tmp/b:x@${digest}` };
    const lines = ['FROM a AS b', 'RUN x', 'FROM scratch', 'COPY --from=b /y /y'];
    expect(plan(lines, 'b', { namedContexts })).toMatchObject({
      base: { digest },
      instructions: [],
    });
  });
});

describe('bad input', () => {
  it('names the pattern that hides a source', () => {
    write({ '.dockerignore': '# keep it small\n**/*.txt\n', 'a/b.txt': '' });
    const error = refusal(['FROM scratch', '', '  COPY a/b.txt /x']);
    expect(error).toMatchObject({
      code: 'COPY_SOURCE_IGNORED',
      at: { file: 'Dockerfile', line: 3, column: 3 },
      hint: '.dockerignore line 2 (**/*.txt) leaves it out',
    });
  });

  it('prefers the ignore file of the Dockerfile', () => {
    write({ 'Dockerfile.dockerignore': 'a\n', '.dockerignore': '', a: '' });
    expect(refusal(['FROM scratch', 'COPY a /']).hint).toContain('Dockerfile.dockerignore line 1');
  });

  it.each([
    ['COPY_SOURCE_MISSING', ['FROM scratch', 'COPY a /']],
    ['COPY_SOURCE_MISSING', ['FROM a', 'RUN --mount=type=bind,source=b,target=/c d']],
    ['UNKNOWN_STAGE', ['FROM scratch', 'COPY --from=3 /a /a']],
    ['UNKNOWN_STAGE', ['FROM scratch', 'COPY --from=Not/AStage /a /a']],
    ['UNKNOWN_STAGE', ['FROM scratch AS a', 'COPY --from=b /x /x', 'FROM scratch AS b']],
    ['UNKNOWN_STAGE', ['FROM scratch AS a', 'ONBUILD COPY --from=a /x /x', 'FROM a AS a']],
    ['STAGE_CYCLE', ['FROM scratch AS a', 'COPY --from=a /x /x']],
    ['UNKNOWN_STAGE', ['FROM scratch AS a', 'COPY --from=b /x /x', 'FROM a AS b']],
    [
      'STAGE_CYCLE',
      ['FROM a AS a', 'COPY --from=b /x /x', 'FROM a AS b', 'COPY --from=a /x /x', 'FROM c'],
    ],
    ['BAD_SUBSTITUTION', ['FROM scratch', 'COPY ${A:?set A} /x']],
    ['BAD_FLAG', ['ARG A=b', 'FROM scratch', 'COPY --from=$A /x /x']],
    ['SYNTAX', ['ARG A', 'FROM $A']],
  ])('%s: %j', (code, lines) => {
    expect(refusal(lines).code).toBe(code);
  });

  it('says that a link leads out of the context', () => {
    symlinkSync('../outside', join(context, 'link'));
    const error = refusal(['FROM scratch', 'COPY link /x']);
    expect(error).toMatchObject({ code: 'COPY_SOURCE_OUTSIDE' });
    expect(error.message).toContain('symbolic link to ../outside');
  });

  it('names the mount that BuildKit does not find behind a link', () => {
    symlinkSync('.', join(context, 'l'));
    write({ 'a/b': '' });
    const error = refusal(['FROM a', 'RUN --mount=type=bind,source=l/a,target=/c d']);
    expect(error.message).toContain('RUN --mount source=l/a: "/l/a" not found');
  });

  it('refuses links in a circle', () => {
    symlinkSync('b', join(context, 'a'));
    symlinkSync('a', join(context, 'b'));
    expect(refusal(['FROM scratch', 'COPY a /x']).message).toContain('circle');
  });
});
