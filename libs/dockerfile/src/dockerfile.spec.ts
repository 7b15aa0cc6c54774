import { describe, expect, it } from 'vitest';
import { parseDockerfile } from './dockerfile';
import { DockerfileError } from './error';
import { instructionText } from './stage/text';

function texts(source: string): string[] {
  const { stages, directives } = parseDockerfile(source, { file: 'Dockerfile' });
  return stages[0]!.instructions.map((instruction) =>
    instructionText(instruction, directives.escape),
  );
}

const stage = (...lines: string[]) => texts(['FROM scratch', ...lines, ''].join('\n'));

function refusal(source: string): DockerfileError {
  try {
    parseDockerfile(source, { file: 'Dockerfile' });
  } catch (error) {
    if (error instanceof DockerfileError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

describe('parseDockerfile', () => {
  it.each([
    ['continuation', ['RUN a \\', '  b'], ['RUN a   b']],
    ['comments within it', ['RUN a \\', '# c', '  # d', ' b'], ['RUN a  b']],
    ['blank lines within it', ['RUN a \\', '', ' b'], ['RUN a  b']],
    ['an escaped escape character at the end', ['RUN a \\\\', 'RUN b'], ['RUN a \\\\', 'RUN b']],
    ['blanks after the continuation', ['RUN a \\  ', 'b'], ['RUN a b']],
    ['case of keywords', ['run a', 'Copy a b'], ['RUN a', 'COPY a b']],
    ['exec form', ['CMD [ "a", "b c" ]'], ['CMD ["a","b c"]']],
    ['what only looks like it', ['CMD [ "a", ]'], ['CMD [ "a", ]']],
    ['heredoc', ['RUN <<EOF', 'a', '# b', 'EOF', 'USER x'], ['RUN <<EOF\na\n# b\nEOF', 'USER x']],
    ['two heredocs', ['COPY <<A <<B /x/', '1', 'A', '2', 'B'], ['COPY <<A <<B /x/\n1\nA\n2\nB']],
    ['quoted heredoc', ['COPY <<"E" /x', '$a', 'E'], ['COPY <<"E" /x\n$a\nE']],
    ['tabs of <<-', ['COPY <<-E /x', '\ta', '\tE'], ['COPY <<E /x\na\nE']],
    ['shift in a shell command', ['RUN echo $((1<<3))'], ['RUN echo $((1<<3))']],
    ['heredoc in exec form', ['RUN ["cat", "<<EOF"]', 'USER a'], ['RUN ["cat","<<EOF"]', 'USER a']],
    ['order of ports', ['EXPOSE 90 80'], ['EXPOSE 80 90']],
    [
      'order of healthcheck options',
      ['HEALTHCHECK --timeout=1s --interval=2s CMD x'],
      ['HEALTHCHECK --interval=2s --timeout=1s CMD x'],
    ],
    [
      'order of COPY flags',
      ['COPY --link --chown=a --from=b c d'],
      ['COPY --from=b --chown=a --link c d'],
    ],
    ['quotes in flags', ['COPY --chown="a" b c'], ['COPY --chown=a b c']],
    ['names with blanks', ['COPY ["a b", "/c d/"]'], ['COPY ["a b","/c d/"]']],
    ['old ENV', ['ENV a b  c'], ['ENV a b  c']],
    ['ENV pairs', ['ENV a=1   b="2 3" c=4\\ 5'], ['ENV a=1 b="2 3" c=4\\ 5']],
    ['ONBUILD', ['onbuild   copy  a   b'], ['ONBUILD COPY a b']],
  ])('%s', (_, lines, expected) => {
    expect(stage(...lines)).toEqual(expected);
  });

  it('reads its own normal form as the same again', () => {
    const source = [
      'RUN --mount=type=bind,source=a,target=/a --network=none make',
      'COPY --chmod=755 ["a b", "c"]',
      'HEALTHCHECK NONE',
      'COPY <<"X" /y',
      'z',
      'X',
    ];
    const once = stage(...source);
    expect(stage(...once)).toEqual(once);
  });

  it('takes the directives syntax, escape and check, and only before all else', () => {
    const { directives } = parseDockerfile(
      '# escape=`\n# syntax = docker/dockerfile:1 \n#check=skip=all\n\n# escape=x\nFROM a\n',
      { file: 'Dockerfile' },
    );
    expect(directives).toEqual({ escape: '`', syntax: 'docker/dockerfile:1', check: 'skip=all' });
  });

  it('keeps backslashes and continues with a backtick after # escape=`', () => {
    expect(texts('# escape=`\nFROM a\nRUN dir C:\\ `\n b\n')).toEqual(['RUN dir C:\\  b']);
  });

  it('reads a byte order mark and CRLF', () => {
    expect(texts('\ufeffFROM a\r\nRUN b \\\r\n  c\r\nCOPY <<E /d\r\ne\r\nE\r\n')).toEqual([
      'RUN b   c',
      'COPY <<E /d\ne\r\nE',
    ]);
  });

  it.each([
    ['', 'SYNTAX', 'no instructions', 1],
    ['FROM a\nFORM b\n', 'UNKNOWN_INSTRUCTION', 'unknown instruction: FORM', 2],
    ['FROM a\n\n  COPY a\n', 'SYNTAX', 'requires at least two arguments', 3],
    ['FROM a\nCOPY --form=b c d\n', 'BAD_FLAG', 'unknown flag: --form', 2],
    ['FROM a\nCOPY --link=maybe c d\n', 'BAD_FLAG', 'expecting boolean value', 2],
    ['FROM a\nCOPY --from=a --from=b c d\n', 'BAD_FLAG', 'duplicate flag', 2],
    ['FROM a AS 1\n', 'SYNTAX', 'invalid name for build stage', 1],
    ['FROM a b\n', 'SYNTAX', 'either one or three arguments', 1],
    ['RUN x\nFROM a\n', 'NO_STAGE', 'before the first FROM', 1],
    ['ARG x\n', 'NO_STAGE', 'no stages', 1],
    ['FROM a\nENV b\n', 'SYNTAX', 'must have two arguments', 2],
    ['FROM a\nRUN <<EOF\nb\n', 'SYNTAX', 'unterminated heredoc', 2],
    ['FROM a\nONBUILD FROM b\n', 'SYNTAX', "isn't allowed as an ONBUILD trigger", 2],
    ['FROM a\nONBUILD ONBUILD RUN b\n', 'SYNTAX', "isn't allowed", 2],
    ['FROM a\nSHELL bash\n', 'SYNTAX', 'JSON form', 2],
    ['FROM a\nCMD ["a", 1]\n', 'SYNTAX', 'comprised of strings', 2],
    ['FROM a\nHEALTHCHECK RUN b\n', 'SYNTAX', 'Unknown type', 2],
    ['FROM a\nRUN --mount=type=bind,from=$x,target=/a b\n', 'BAD_FLAG', 'variable expansion', 2],
    ['# escape=x\nFROM a\n', 'SYNTAX', 'invalid escape token', 1],
    ['# escape=`\n# escape=\\\nFROM a\n', 'SYNTAX', 'only one escape', 2],
  ])('refuses %j as BuildKit does: %s %s', (source, code, message, line) => {
    const error = refusal(source);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.at).toMatchObject({ file: 'Dockerfile', line });
  });

  it('says what a misspelt word may have meant', () => {
    expect(refusal('FROM a\nCPOY a b\n').hint).toBe('did you mean COPY?');
    expect(refusal('FROM a\nCOPY --form=b c d\n').hint).toBe('did you mean --from?');
  });
});
