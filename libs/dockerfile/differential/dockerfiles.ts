import fc from 'fast-check';

/** A Dockerfile, and the images that it may start from. */
export interface DockerfileCase {
  text: string;
  args: Record<string, string>;
  target?: string;
}

export const onbuild = ['COPY trigger /t', 'ARG ON=$A', 'COPY $ON /u'];
export const baseImages: Record<string, { env: Record<string, string>; onbuild: string[] }> = {
  base: { env: { B: 'from-base', PATH: '/bin' }, onbuild: [] },
  alpine: { env: {}, onbuild: [] },
  trigger: { env: { A: 'x' }, onbuild },
  one: { env: {}, onbuild: [] },
  two: { env: {}, onbuild: [] },
};

const rarely = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>, weight = 12): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: rare });

const name = fc.constantFrom(
  'A',
  'B',
  'C',
  'D',
  'TARGETARCH',
  'TARGETSTAGE',
  'TARGETOSVERSION',
  'SOURCE_DATE_EPOCH',
  'U',
);
const value = rarely(
  fc.constantFrom(
    'a',
    'b',
    'sub',
    'c.txt',
    '$A',
    '${B}',
    '${C:-d}',
    '"x y"',
    "'$A'",
    '$D/e',
    '',
    '${A}/d.go',
    '${U:+v}',
    'a\\ b',
  ),
  fc.constantFrom(
    '${U:?no}',
    '${A',
    '"',
    "'",
    '${A#s}',
    '${A##*/}',
    '${B%%x}',
    '${A#}',
    '${A/u/"\\x"}',
    '${A:#s}',
    '$',
    '${}',
    '\\',
  ),
);
const source = rarely(
  fc.constantFrom(
    'a',
    'b',
    './c',
    '/d',
    'e/',
    '*.txt',
    '$A',
    '${B}',
    '$D',
    '${C:-f}',
    '.',
    'g/./h',
    '"i"',
    '$A/$B',
    '../j',
    '[k]',
    '${TARGETSTAGE}',
    'x\\y',
  ),
  fc.constantFrom(
    '${U:?no}',
    '$U',
    '<<X',
    '[',
    'http://h/f',
    'https://h/r.git#main',
    'git@h:r.git',
    '${A',
    '<< X',
    "'",
  ),
);
const flag = rarely(
  fc.constantFrom(
    '',
    '',
    '',
    '--chown=1:2 ',
    '--chmod=644 ',
    '--link ',
    '--chown=$A ',
    '--from=one ',
    '--from=0 ',
    '--from=alpine ',
    '--from=TWO ',
    '--from=1 ',
  ),
  fc.constantFrom(
    '--chmod=64a ',
    '--chmod=$A ',
    '--chmod=u+x,g=r ',
    '--chmod=77777 ',
    '--exclude=*.md ',
    '--exclude=[ ',
    '--parents ',
    '--from=$A ',
    '--from=9 ',
    '--from=Bad/Name ',
    '--nope ',
    '--link=x ',
    '-- ',
    '--from=three ',
    "--chown='1 2' ",
    '--checksum=$U ',
    '--from= ',
  ),
  8,
);
const words = fc.array(value, { minLength: 1, maxLength: 3 });

const copy = fc
  .tuple(
    fc.constantFrom('COPY', 'COPY', 'ADD', 'copy'),
    flag,
    fc.array(source, { minLength: 1, maxLength: 2 }),
    rarely(fc.constantFrom('/x/', 'y', '.', '$A'), fc.constantFrom('', '<<X', '"', '[')),
    fc.nat(12),
  )
  .map(([keyword, flags, sources, to, form]) => {
    if (form === 0) return `${keyword} ${flags}${JSON.stringify([...sources, to])}`;
    if (form === 1) return `${keyword} ${flags}${JSON.stringify([...sources, to])} junk`;
    if (form === 2) return `${keyword} ${flags}${sources.join(' \\\n  ')} ${to}`;
    return `${keyword} ${flags}${sources.join(' ')} ${to}`;
  });

const heredoc = fc
  .tuple(
    fc.constantFrom(
      'COPY <<X /h',
      'COPY <<"X" /h',
      'RUN <<X',
      'ADD <<-X a /h/',
      'COPY << X /h',
      'RUN cat <<X >/o',
    ),
    fc.array(value, { maxLength: 2 }),
    rarely(fc.constant('X'), fc.constantFrom('Y', '\tX')),
  )
  .map(([line, content, end]) => [line, ...content, end].join('\n'));

const mount = rarely(
  fc.constantFrom(
    'type=bind,source=m,target=/m',
    'type=bind,target=/m',
    'type=cache,target=/c',
    'type=secret,id=s',
    'from=one,target=/m',
    'type=bind,source=$A,target=/m',
    'type=tmpfs,target=/t',
    'source=n,dst=$B,ro',
    'from=alpine,source=/q,target=/m',
  ),
  fc.constantFrom(
    'type=$U,target=/x',
    'type=x',
    'from=$A,target=/m',
    'target=/',
    'type=secret,env=E',
    'from=three,target=/m',
    'nope=1',
    'type=secret',
    'type=cache,sharing=x,target=/c',
    '"target=/m',
    'from=Bad/N,target=/m',
  ),
);
const run = fc
  .tuple(
    fc.array(mount, { maxLength: 2 }),
    rarely(
      fc.constantFrom('', '--network=none '),
      fc.constantFrom(
        '--security=insecure ',
        '--network=x ',
        '--device=a=b,c=d ',
        '--device=n,m ',
        '--device=v/c=x ',
      ),
      10,
    ),
    fc.constantFrom('true', '["a","b"]', '["a"] b', '[1]', 'x && \\\n  y', '', 'echo $A'),
  )
  .map(
    ([mounts, flags, command]) =>
      `RUN ${mounts.map((each) => `--mount=${each} `).join('')}${flags}${command}`,
  );

const assignments = fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 3 });
const simple = fc.oneof(
  {
    weight: 4,
    arbitrary: assignments.map((all) => `ENV ${all.map((pair) => pair.join('=')).join(' ')}`),
  },
  {
    weight: 4,
    arbitrary: assignments.map((all) => `ARG ${all.map((pair) => pair.join('=')).join(' ')}`),
  },
  {
    weight: 3,
    arbitrary: fc
      .array(name, { minLength: 1, maxLength: 2 })
      .map((names) => `ARG ${names.join(' ')}`),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(name, words).map(([key, text]) => `ENV ${key} ${text.join(' ')}`),
  },
  { weight: 1, arbitrary: fc.tuple(name, value).map((pair) => `LABEL ${pair.join('=')}`) },
  { weight: 2, arbitrary: value.map((text) => `WORKDIR ${text}`) },
  { weight: 1, arbitrary: value.map((text) => `USER ${text}`) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        '80',
        '80/tcp',
        '$A',
        '80-90',
        '1.2.3.4:80:80',
        'x',
        '80/x',
        '99999',
        '80:',
        '${U}',
        '"80 81"',
        '90-80',
        '[::1]:80:80',
        '80/TCP',
        '1-2:3-4',
        '1-2:3-5',
        '0',
        '-1',
        '1:2:3:4',
        'tcp',
        '80/tcp/udp',
        '/tcp',
        '080',
        '1.2.3:80:80',
      )
      .map((port) => `EXPOSE ${port}`),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(
        'SIGTERM',
        '9',
        'x',
        '$A',
        'sigkill',
        'RTMIN+3',
        '0',
        '-1',
        'SIGRTMAX-15',
        '65',
        '999',
        '',
      )
      .map((signal) => `STOPSIGNAL ${signal}`),
  },
  { weight: 1, arbitrary: words.map((all) => `VOLUME ${all.join(' ')}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'CMD true',
      'HEALTHCHECK --interval=$A CMD x',
      'HEALTHCHECK --interval=1s CMD x',
      'HEALTHCHECK NONE',
      'HEALTHCHECK NONE x',
      'HEALTHCHECK --retries=x CMD x',
      'HEALTHCHECK --retries=-1 CMD x',
      'HEALTHCHECK --interval=1us CMD a',
      'HEALTHCHECK CMD',
      'HEALTHCHECK --start-interval=1h CMD ["a"]',
      'SHELL ["/bin/x","-c"]',
      'SHELL x',
      'MAINTAINER me',
      'ENTRYPOINT []',
      'NOPE x',
      'HEALTHCHECK --retries=0 CMD x',
      'CMD [1]',
      'ENTRYPOINT ["a", 1]',
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .oneof(
        copy,
        run,
        fc.constantFrom('ONBUILD RUN x', 'FROM x', 'MAINTAINER x', 'NOPE', 'ENV A', 'EXPOSE x'),
      )
      .map((trigger) => `ONBUILD ${trigger}`),
  },
);

const instruction = fc.oneof(
  { weight: 5, arbitrary: copy },
  { weight: 5, arbitrary: simple },
  { weight: 2, arbitrary: run },
  { weight: 1, arbitrary: heredoc },
  {
    weight: 1,
    arbitrary: fc.constantFrom('# a comment', '', '  # b', '#syntax=x', '\u00a0', '\t'),
  },
);

const from = rarely(
  fc.constantFrom(
    'scratch',
    'base',
    'alpine',
    'one',
    'two',
    'trigger',
    '$IMAGE',
    '--platform=$BUILDPLATFORM base',
    '${IMAGE:-alpine}',
  ),
  fc.constantFrom(
    '$NONE',
    'Bad/Name',
    '--platform=x/y/z/w base',
    '${NONE:?no}',
    'ONE',
    '--platform= base',
    '--nope base',
    '--platform=$NONE base',
    'base extra',
  ),
  25,
);
const stage = fc
  .tuple(
    from,
    rarely(
      fc.constantFrom('', ' AS one', ' AS two', ' as three', ' AS one'),
      fc.constantFrom(' AS 1x', ' AS', ' AS Two'),
      25,
    ),
    fc.array(instruction, { maxLength: 4 }),
  )
  .map(([image, as, all]) => [`FROM ${image}${as}`, ...all].join('\n'));

const header = fc.array(
  fc.constantFrom(
    '# escape=`',
    '# check=skip=all',
    '# escape=\\',
    'ARG IMAGE=base',
    'ARG A=top',
    'ARG TARGETARCH',
    'ARG B=$A',
    'ARG B=${A',
    '#!/bin/x',
    '# x',
    'ARG C',
    'ARG A=s D=$A/t',
    'ARG SOURCE_DATE_EPOCH=context',
    'ARG SOURCE_DATE_EPOCH=007',
    'ARG SOURCE_DATE_EPOCH',
  ),
  { maxLength: 3 },
);

export const dockerfileCase: fc.Arbitrary<DockerfileCase> = fc
  .tuple(
    header,
    fc.array(stage, { minLength: 1, maxLength: 4 }),
    fc.constantFrom('\n', '\n', '', ' \\', '\r\n'),
    fc
      .tuple(
        fc.dictionary(
          fc.constantFrom('A', 'B', 'D', 'TARGETARCH', 'TARGETSTAGE'),
          fc.constantFrom('given', '', 'x y'),
          { maxKeys: 2 },
        ),
        rarely(
          fc.constant({}),
          fc
            .constantFrom('context', '+09', '-1', '', 'nope', '9223372036854775808')
            .map((epoch) => ({
              SOURCE_DATE_EPOCH: epoch,
            })),
        ),
      )
      .map(([given, epoch]): Record<string, string> => ({ ...given, ...epoch })),
    fc.constantFrom(undefined, undefined, 'one', 'two', 'ONE', 'three'),
  )
  .map(([head, stages, end, args, target]) => ({
    text: [...head, ...stages].join('\n') + end,
    args,
    ...(target !== undefined && { target }),
  }));

/** What stands at the head of a Dockerfile, where it may name another frontend. */
export const frontendCase = fc
  .array(
    fc.constantFrom(
      ...[
        '#!/bin/sh',
        '# syntax=a/b',
        '#syntax = a/b:1 -x',
        '// syntax=c',
        '# escape=`',
        '# check=x',
      ],
      ...[
        '# x',
        '#',
        '',
        ' # syntax=d',
        '#\u00a0syntax=e',
        '{"syntax":"f"}',
        '# Syntax=g',
        '//escape=x',
      ],
      ...['FROM a', '# syntax=', '\ufeff', '# syntax=h\r', '{"syntax":""}', '{', '# syntax=i j'],
    ),
    { maxLength: 4 },
  )
  .map((lines) => lines.join('\n'));
