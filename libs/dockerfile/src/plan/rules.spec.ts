import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDockerfile } from '../dockerfile';
import { DockerfileError } from '../error';
import type { RuleSet } from '../rules';
import { ruleSetOf } from '../rules';
import { readStages } from '../stages';
import type { PlanOptions } from './plan-stages';
import { planStages } from './plan-stages';
import { resolveInstructions } from './resolve';

const digest = `sha256:${'a'.repeat(64)}`;
let context: string;
beforeEach(() => {
  context = mkdtempSync(join(tmpdir(), 'rules-'));
});
afterEach(() => rmSync(context, { recursive: true, force: true }));

function write(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(dirname(join(context, path)), { recursive: true });
    writeFileSync(join(context, path), path);
  }
}

function plans(lines: string[], options: Partial<PlanOptions> = {}) {
  const refused = new Map<string, DockerfileError>();
  const dockerfile = parseDockerfile(`${lines.join('\n')}\n`, { file: 'Dockerfile' });
  const files = planStages(dockerfile, {
    contextDir: context,
    platforms: ['linux/amd64'],
    bases: { base: { digest, env: {} } },
    onRefused: (stage, error) => refused.set(stage, error),
    ...options,
  });
  const plan = (stage: string) => files.find((file) => file.stage === stage)?.platforms[0];
  return { plan, refused };
}

const last = (lines: string[], options: Partial<PlanOptions> = {}) => {
  const { plan, refused } = plans(lines, options);
  const found = plan('stage-0');
  if (!found) throw refused.get('stage-0');
  return found;
};
const paths = (lines: string[], rules?: RuleSet) =>
  last(lines, { rules }).files.map(({ path }) => path);

describe('several ARGs in one line', () => {
  const lines = ['FROM scratch', 'ARG D=sub F=${D}/d.go', 'COPY $F /x/'];

  it('are read by the rules of the builder, which then stand in the key', () => {
    write('d.go', 'sub/d.go');
    expect(paths(lines, 13)).toEqual(['d.go']);
    expect(paths(lines, 34)).toEqual(['sub/d.go']);
    expect(last(lines, { rules: 13 }).frontend).toEqual({ rules: 13 });
  });

  it('read everything and are not cached where nobody knows the builder', () => {
    write('d.go', 'sub/d.go');
    const plan = last(lines);
    expect(plan.files.map(({ path }) => path)).toEqual(['.', 'd.go', 'sub', 'sub/d.go']);
    expect(plan.wholeContext).toHaveLength(1);
    expect(plan.uncacheable).toHaveLength(1);
    const [summary] = readStages(lines.join('\n'));
    expect(summary!.contextPaths).toEqual(['.']);
  });

  it('leave the key alone where all rules agree', () => {
    write('sub/d.go');
    const same = ['FROM scratch', 'ARG D=sub', 'COPY $D/d.go /x/'];
    for (const rules of [undefined, 13, 34] as const)
      expect(last(same, { rules })).toEqual(last(same));
    expect(last(same)).not.toHaveProperty('frontend');
    expect(last(same).uncacheable).toEqual([]);
  });
});

it.each([
  ['v0.13.1', 13],
  ['0.34.2', 34],
  ['v0.20.0', undefined],
  ['v0.0.0+unknown', undefined],
])('the rule set of BuildKit %s is %s', (version, rules) => {
  expect(ruleSetOf(version)).toBe(rules);
});

it.each<[string, string[], string[], string[]]>([
  ['JSON with something behind it', ['COPY ["zz","/x/"] b'], ['zz'], []],
  ['the directive check', ['# check=skip=all', '# escape=`', 'COPY a`', 'b /x/'], [], ['ab']],
])('%s is read by each builder in its way', (_, instructions, old, now) => {
  write('zz', 'ab');
  const head = instructions.filter((line) => line.startsWith('#'));
  const body = instructions.filter((line) => !line.startsWith('#'));
  const lines = [...head, 'FROM scratch', ...body];
  expect(paths(lines, 34)).toEqual(now);
  if (old.length > 0) expect(paths(lines, 13)).toEqual(old);
  else expect(() => paths(lines, 13)).toThrow(DockerfileError);
});

it('a word without a variable is read alike, whoever substitutes it', () => {
  write('main.js');
  const plan = last(['FROM scratch', 'COPY --chmod=0644 main.js /']);
  expect([...plan.wholeContext, ...plan.uncacheable]).toEqual([]);
  const open = last(['FROM scratch', 'ARG M=0644', 'COPY --chmod=$M main.js /']);
  expect(open.uncacheable).toHaveLength(1);
});

it.each([
  [['FROM scratch', 'ARG A=1', 'LABEL a=$A']],
  [['FROM scratch', 'ARG A=1', 'WORKDIR /at-$A']],
  [['ARG A=1', 'FROM scratch', 'ARG A', 'ENV A=$A']],
])('a build argument in the place of a default is no difference: %j', (lines) => {
  const plan = last(lines, { buildArgs: { A: '2' } });
  expect([...plan.wholeContext, ...plan.uncacheable]).toEqual([]);
  expect(plan.args).toEqual({ A: '2' });
});

describe('a checksum', () => {
  const uncached = (...lines: string[]) =>
    last(['FROM scratch', ...lines], { rules: 34 }).uncacheable.length;

  it('pins what it is once its variables are substituted', () => {
    expect(uncached('ARG C=', 'ADD --checksum=$C https://h/a /x')).toBe(1);
    expect(uncached('ADD --checksum=$U https://h/a /x')).toBe(1);
    expect(uncached(`ARG C=${digest}`, 'ADD --checksum=$C https://h/a /x')).toBe(0);
  });

  it('whose value is not known pins nothing', () => {
    const { plan } = plans(['FROM unknown', 'ADD --checksum=$C https://h/a /x']);
    expect(plan('stage-0')!.uncacheable.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('not locked'),
      expect.stringContaining('--checksum'),
    ]);
  });
});

describe('a fault in a stage', () => {
  it.each([
    'ENV A=${V:?}',
    'LABEL a=${V?no}',
    'EXPOSE nope',
    'STOPSIGNAL NOPE',
    'RUN --mount=type=$unset,target=/x true',
    'RUN --mount=type=bind,nope=1 true',
    'COPY --from=good /a /b',
    'RUN --mount=from=good,target=/x true',
    'ONBUILD NOPE x\nFROM bad',
    'ADD --checksum=nope https://h/a /x',
    'COPY <<X /x\n${V:?no}\nX',
    'COPY https://h/a /x',
  ])('leaves the stages alone that do without it: %s', (line) => {
    const lines = ['FROM base AS bad', line, 'FROM base AS good', 'ENV B=1'];
    const { plan, refused } = plans(lines);
    expect(plan('good')).toMatchObject({ instructions: [{ text: 'ENV B=1' }] });
    expect([...refused.keys()]).not.toContain('good');
    expect(refused.size).toBe(1);
    const summaries = readStages(lines.join('\n'), {
      bases: { base: { digest, env: {} } },
    });
    expect(summaries.filter(({ refused }) => refused)).toHaveLength(1);
  });

  it('is one of all that need it', () => {
    const { refused } = plans([
      ...[
        'FROM base AS bad',
        'EXPOSE nope',
        'FROM bad AS child',
        'FROM base',
        'FROM base AS reader',
      ],
      ...['COPY --from=child /a /b'],
    ]);
    expect([...refused.keys()]).toEqual(['bad', 'child', 'reader']);
  });

  it.each(['FROM ${V:?no}', 'FROM $V', 'FROM Bad/Name', 'FROM --platform=a/b/c/d base'])(
    'refuses the whole file where BuildKit does: %s',
    (from) => {
      expect(() => plans([from, 'FROM base'])).toThrow(DockerfileError);
    },
  );
});

describe('another frontend', () => {
  it.each<[string, string[], Record<string, string>]>([
    ['a build argument', [], { BUILDKIT_SYNTAX: 'example.com/f' }],
    ['behind a shebang', ['#!/usr/bin/env x', '# syntax=example.com/f'], {}],
    ['behind another directive', ['# escape=\\', '# syntax=example.com/f a b'], {}],
  ])('reads the whole context: %s', (_, head, buildArgs) => {
    write('a', 'b');
    const { plan } = plans([...head, 'FROM scratch', 'COPY a /'], { buildArgs });
    expect(plan('stage-0')!.wholeContext).toEqual([
      { reason: "syntax example.com/f is not Docker's own frontend", line: 1 },
    ]);
  });

  it.each([`docker/dockerfile:1.7@${digest}`, 'docker/dockerfile:1.4', 'docker/dockerfile:1-labs'])(
    "may be Docker's own and not known: %s",
    (syntax) => {
      const { plan } = plans([`# syntax=${syntax}`, 'FROM scratch', 'CMD ["a"]'], { rules: 34 });
      expect(plan('stage-0')!.wholeContext).toMatchObject([
        { reason: expect.stringContaining('none of the releases') as string, line: 1 },
      ]);
    },
  );

  it("is none where it is a release of Docker's own, which has its rules", () => {
    write('d.go', 'sub/d.go');
    const lines = ['FROM scratch', 'ARG D=sub F=${D}/d.go', 'COPY $F /x/'];
    const at = (syntax: string) => last([`# syntax=docker/dockerfile:${syntax}`, ...lines]);
    expect(at('1.7').files).toMatchObject([{ path: 'd.go' }]);
    expect(at('1.28.0').files).toMatchObject([{ path: 'sub/d.go' }]);
    expect(at('1').wholeContext).toHaveLength(1);
    const old = 'sha256:a57df69d0ea827fb7266491f2813635de6f17269be881f696fbfdf2d83dda33e';
    // The tag beside a digest says nothing.
    expect(at(`1.28@${old}`).files).toMatchObject([{ path: 'd.go' }]);
    const byArgument = last(lines, { buildArgs: { BUILDKIT_SYNTAX: `docker/dockerfile@${old}` } });
    expect(byArgument.files).toMatchObject([{ path: 'd.go' }]);
  });
});

describe('SOURCE_DATE_EPOCH', () => {
  const name = 'SOURCE_DATE_EPOCH';
  const stage = ['FROM base', `ARG ${name}`];

  it.each([
    ['context', {}],
    ['', {}],
    ['+0017', { [name]: '17' }],
    ['1700000000', { [name]: '1700000000' }],
  ])('%j is exact, for the context is a folder and has no time', (value, args) => {
    const given = last(stage, { buildArgs: { [name]: value }, rules: 34 });
    expect(given.uncacheable).toEqual([]);
    const { plan } = plans([`ARG ${name}=${value}`, ...stage], { rules: 34 });
    expect(plan('stage-0')).toMatchObject({ uncacheable: [], args });
  });

  it('counts as written where the builder knows nothing of it', () => {
    const { plan } = plans([`ARG ${name}=context`, ...stage], { rules: 13 });
    expect(plan('stage-0')).toMatchObject({ uncacheable: [], args: { [name]: 'context' } });
  });

  it('that is taken from a stage is a time that no key tells', () => {
    const { plan } = plans([
      ...[`ARG ${name}=source`, 'FROM scratch AS source', 'ADD https://h/a /', ...stage],
    ]);
    expect(plan('stage-1')!.uncacheable.map(({ reason }) => reason)).toContainEqual(
      expect.stringContaining(`${name}=source is a time`),
    );
  });

  it('that is no time is refused where a builder refuses it', () => {
    const lines = [`ARG ${name}=nope`, ...stage];
    expect(() => plans(lines, { rules: 34 })).toThrow(
      expect.objectContaining({ code: 'SYNTAX', at: { file: 'Dockerfile', line: 1, column: 1 } }),
    );
    expect(() => plans(lines, { rules: 13 })).not.toThrow();
  });
});

it('TARGETSTAGE is the stage that is asked for', () => {
  const lines = ['FROM base AS a', 'ARG TARGETSTAGE', 'FROM a AS b', 'FROM a AS c'];
  const args = (target?: string) =>
    plans(lines, { rules: 34, ...(target && { target }) }).plan('a')!.args;
  expect(args()).toEqual({ TARGETSTAGE: 'c' });
  expect(args('b')).toEqual({ TARGETSTAGE: 'b' });
});

it.each(['COPY --exclude=[ . /x', 'COPY --parents a[ /x', 'COPY --exclude=?{3}{2} . /x'])(
  'a malformed pattern has a code and a place: %s',
  (line) => {
    write('a/b');
    expect(() => last(['FROM scratch', line], { rules: 34 })).toThrow(
      expect.objectContaining({ code: 'SYNTAX', at: { file: 'Dockerfile', line: 2, column: 1 } }),
    );
  },
);

describe('what a later BuildKit refuses as it parses', () => {
  it.each([
    ['RUN --device=name=a,name=b true', false],
    ['COPY --chmod=64a . /x', true],
  ])('is refused here, and taken where the builder takes it: %s', (line, isTaken) => {
    write('a');
    const lines = ['FROM scratch', line];
    expect(() => last(lines, { rules: 34 })).toThrow(DockerfileError);
    if (isTaken) expect(last(lines, { rules: 13 }).instructions).toHaveLength(1);
    else expect(() => last(lines, { rules: 13 })).toThrow(DockerfileError);
  });

  it('a line over 65,535 bytes', () => {
    const read = (length: number) =>
      parseDockerfile(`FROM a\nRUN ${'é'.repeat((length - 4) / 2)}x`, { file: 'Dockerfile' });
    expect(() => read(65_534)).not.toThrow();
    expect(() => read(65_536)).toThrow(expect.objectContaining({ code: 'SYNTAX' }));
  });

  it('a blank and a lone backslash at the end', () => {
    expect(() => parseDockerfile('FROM scratch\n \\', { file: 'Dockerfile' })).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_INSTRUCTION' }),
    );
  });
});

it('names that JavaScript knows are names like any other', () => {
  const { plan } = plans(['FROM base', 'ARG constructor', 'ENV A=$toString']);
  expect(plan('stage-0')!.args).toEqual({});
  expect(() => plans(['FROM constructor'])).not.toThrow();
});

it('quotes in a heredoc stay', () => {
  const lines = ['FROM scratch', 'ENV A=1', 'COPY <<X /x', `"$A" '$A' \\$A`, 'X'];
  const [, copy] = resolveInstructions(last(lines), {});
  expect(copy).toMatchObject({ heredocs: [{ content: `"1" '1' $A\n` }] });
});

it('hard links within a folder count, those between sources do not', () => {
  write('d/a', 'd/e');
  execFileSync('ln', [join(context, 'd/a'), join(context, 'd/b')]);
  const names = (...lines: string[]) =>
    last(['FROM scratch', ...lines], { rules: 34 }).files.flatMap((file) =>
      'sameAs' in file ? [`${file.path} = ${file.sameAs}`] : [],
    );
  expect(names('COPY d /x')).toEqual(['d/b = d/a']);
  expect(names('RUN --mount=type=bind,source=d,target=/d ls')).toEqual(['d/b = d/a']);
  expect(names('COPY d/a d/b /x/')).toEqual([]);
  expect(names('COPY d/* /x/')).toEqual([]);
});

it('an ARG covers a variable of the image in its own stage, and not in one that is built on it', () => {
  write('arg', 'env', 'later');
  const below = (...lines: string[]) =>
    plans(['FROM base AS one', ...lines, 'FROM one', 'COPY $A /x/'], {
      bases: { base: { digest, env: { A: 'env' } } },
    })
      .plan('stage-1')
      ?.files.map(({ path }) => path);
  const bases = { base: { digest, env: { A: 'env' } } };
  const own = last(['FROM base', 'ARG A=arg', 'COPY $A /x/'], { bases });
  expect(own.files.map(({ path }) => path)).toEqual(['arg']);
  expect(below('ARG A=arg')).toEqual(['env']);
  expect(below('ENV A=later', 'ARG A=arg')).toEqual(['later']);
  expect(below('ARG A=arg', 'ENV A=$A')).toEqual(['arg']);
});
