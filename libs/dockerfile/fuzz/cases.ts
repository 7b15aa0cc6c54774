import fc from 'fast-check';
import type { FileSpec } from './tree';

/** One context, one .dockerignore, many stages, and edits one after another. */
export interface Batch {
  files: FileSpec[];
  ignore: string[];
  /** Each stage as its COPY instructions, `@` standing for the destination. */
  stages: string[][];
  /** The value of the build argument SOURCE, which a COPY may name as its source. */
  argument?: string;
  /** Rounds of edits: the context is built before and after each. */
  edits: Edit[][];
}

export type Edit =
  | { kind: 'content' | 'delete' | 'mode' | 'add'; path: string; value: number }
  | { kind: 'ignore'; line: string; at: number }
  | { kind: 'unignore'; at: number }
  | { kind: 'argument'; value: string }
  | { kind: 'instructions'; stage: number; copies: string[] };

const names = [
  'a',
  'b',
  'a.txt',
  'b.py',
  'sub',
  'x y',
  '.hid',
  'node_modules',
  'é',
  'A',
  'a-b',
  '[z]',
  'q?',
  'tests',
];
const name = fc.constantFrom(...names);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const mode = fc.constantFrom(0o644, 0o644, 0o755, 0o600, 0o664, 0o444, 0o4755);
const folderMode = fc.constantFrom(0o755, 0o755, 0o700, 0o775, 0o1777);
const link = fc.oneof(
  path,
  path.map((target) => `../${target}`),
  path.map((target) => `/${target}`),
  fc.constantFrom('.', '..', '../../../etc/passwd', 'missing', './a/../b'),
);

const file: fc.Arbitrary<FileSpec> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      path,
      type: fc.constant('file' as const),
      mode,
      content: fc.string({ maxLength: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ path, type: fc.constant('directory' as const), mode: folderMode }),
  },
  { weight: 2, arbitrary: fc.record({ path, type: fc.constant('symlink' as const), link }) },
);

/** A pattern near one of the paths: as it is, or with wildcards, slashes and dots put in. */
function near(paths: readonly string[]): fc.Arbitrary<string> {
  const base = fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...paths) },
    { weight: 1, arbitrary: path },
  );
  return fc.tuple(base, fc.nat(15), fc.nat(5)).map(([text, form, at]) => {
    const parts = text.split('/');
    const index = at % parts.length;
    const part = parts[index]!;
    const put = (changed: string) => parts.map((old, i) => (i === index ? changed : old)).join('/');
    const forms: Record<number, string> = {
      1: put('*'),
      2: put(`${part.slice(0, 1)}*`),
      3: put(`?${part.slice(1)}`),
      4: put(`[${/^[a-z]/.test(part) ? part[0] : 'ab'}]${part.slice(1)}`),
      5: put(`*${part.slice(-1)}`),
      6: `./${text}`,
      7: `/${text}`,
      8: `${text}/`,
      9: parts.slice(0, index + 1).join('/'),
      10: put(`${part}/../${part}`),
      11: `../${text}`,
      12: put(`[^x]${part.slice(1)}`),
    };
    return forms[form] ?? text;
  });
}

function ignoreLine(paths: readonly string[]): fc.Arbitrary<string> {
  const pattern = fc.oneof(
    { weight: 6, arbitrary: near(paths) },
    { weight: 2, arbitrary: near(paths).map((text) => `**/${text.split('/').at(-1)}`) },
    { weight: 1, arbitrary: near(paths).map((text) => `${text}/**`) },
    { weight: 1, arbitrary: near(paths).map((text) => text.replace('/', '/**/')) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        '*',
        '**',
        '*/*',
        '**/*.txt',
        '**/sub',
        '# a',
        ' b ',
        'sub**',
        '**/',
      ),
    },
  );
  return fc.tuple(pattern, fc.constantFrom('', '', '!', '! ')).map(([text, mark]) => mark + text);
}

function copies(paths: readonly string[]): fc.Arbitrary<string[]> {
  const source = fc.oneof(
    { weight: 8, arbitrary: near(paths) },
    { weight: 1, arbitrary: fc.constantFrom('.', './', '*', '/', '*/*', '*/*/*') },
    { weight: 1, arbitrary: fc.constant('$SOURCE') },
  );
  const copy = fc.tuple(
    fc.constantFrom('COPY', 'COPY', 'COPY', 'ADD', 'COPY --link'),
    fc.array(source, { minLength: 1, maxLength: 2 }),
  );
  return fc.array(
    copy.map(
      ([keyword, sources]) =>
        `${keyword} ${JSON.stringify([...sources, '@']).replaceAll('\\\\', '\\\\\\\\')}`,
    ),
    { minLength: 1, maxLength: 2 },
  );
}

function edit(paths: readonly string[]): fc.Arbitrary<Edit> {
  const kind = fc.constantFrom(
    'content' as const,
    'content' as const,
    'delete' as const,
    'mode' as const,
    'add' as const,
  );
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind,
        path: fc.oneof(
          { weight: 5, arbitrary: fc.constantFrom(...paths) },
          { weight: 1, arbitrary: path },
        ),
        value: fc.nat(1000),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('ignore' as const),
        line: ignoreLine(paths),
        at: fc.nat(5),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('unignore' as const), at: fc.nat(5) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('argument' as const), value: near(paths) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('instructions' as const),
        stage: fc.nat(1000),
        copies: copies(paths),
      }),
    },
  );
}

/** Some more names for the files. */
function withHardLinks(files: FileSpec[]): fc.Arbitrary<FileSpec[]> {
  const of = fc.constantFrom(...files.map((spec) => spec.path));
  const links = fc.array(fc.record({ path, type: fc.constant('hardlink' as const), of }), {
    maxLength: 3,
  });
  return links.map((more) => [...files, ...more]);
}

export function batches(stagesPerBatch: number): fc.Arbitrary<Batch> {
  return fc
    .array(file, { minLength: 3, maxLength: 25 })
    .chain(withHardLinks)
    .chain((files) => {
      const paths = files.map((spec) => spec.path);
      return fc.record({
        files: fc.constant(files),
        ignore: fc.array(ignoreLine(paths), { maxLength: 4 }),
        stages: fc.array(copies(paths), { minLength: stagesPerBatch, maxLength: stagesPerBatch }),
        argument: near(paths),
        edits: fc.array(fc.array(edit(paths), { minLength: 1, maxLength: 4 }), {
          minLength: 2,
          maxLength: 2,
        }),
      });
    });
}
