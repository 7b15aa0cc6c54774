import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseDockerfile } from '../dockerfile';
import { planStages } from '../plan/plan-stages';

let context: string;
beforeAll(() => {
  context = mkdtempSync(join(tmpdir(), 'requirements-'));
  mkdirSync(join(context, 'req'));
  writeFileSync(join(context, 'requirements.txt'), 'a==1\n');
  writeFileSync(join(context, 'req/prod.txt'), '-r base.txt\nb==1\n');
  writeFileSync(join(context, 'req/base.txt'), 'c==1\n');
});
afterAll(() => rmSync(context, { recursive: true, force: true }));

/** The files that count by meaning in the first stage, whose /opt/venv is copied. */
function byMeaning(
  lines: string[],
  end = ['FROM scratch', 'COPY --from=s /opt/venv /opt/venv'],
): string[] {
  const source = ['FROM python AS s', ...lines, ...end, ''].join('\n');
  const [file] = planStages(parseDockerfile(source, { file: 'Dockerfile' }), {
    contextDir: context,
  });
  return file!.platforms[0]!.files.flatMap((f) => (f.type === 'file' && f.by ? [f.path] : []));
}

const bind = '--mount=type=bind,source=requirements.txt,target=/tmp/r.txt';
const copy = ['WORKDIR /build', 'COPY requirements.txt ./'];

describe('requirements.txt counts by meaning', () => {
  it.each([
    [[`RUN ${bind} pip install -r /tmp/r.txt`]],
    [
      [
        `RUN ${bind} python3 -m pip --no-cache-dir install --require-hashes --requirement=/tmp/r.txt`,
      ],
    ],
    [[`RUN ${bind} uv pip install --system -c /tmp/r.txt "fastapi>=1"`]],
    [
      [
        `RUN ${bind} python -m venv /opt/venv && /opt/venv/bin/pip install -r/tmp/r.txt 2>/dev/null`,
      ],
    ],
    [[`RUN ${bind} ["pip", "install", "-r", "/tmp/r.txt"]`]],
    [['WORKDIR /tmp', `RUN ${bind} pip install -r r.txt`]],
    [['WORKDIR /', `RUN ${bind} cd tmp && pip install -r r.txt`]],
    [[...copy, 'RUN pip install -r requirements.txt']],
    [[...copy, 'RUN pip wheel -w /wheels -r requirements.txt && rm -rf /build']],
    [
      [
        ...copy,
        'RUN apt-get update && apt-get install -y gcc',
        'RUN pip install -r requirements.txt',
      ],
    ],
  ])('%j', (lines) => {
    expect(byMeaning(lines)).toEqual(['requirements.txt']);
  });

  it('with the files that it includes', () => {
    expect(byMeaning(['COPY req /req', 'RUN pip install -r /req/prod.txt'])).toEqual([
      'req/base.txt',
      'req/prod.txt',
    ]);
  });

  it('in an image where it is only mounted', () => {
    const lines = [`RUN ${bind} pip install -r /tmp/r.txt`];
    expect(byMeaning(lines, [])).toEqual(['requirements.txt']);
  });
});

describe('requirements.txt counts byte for byte', () => {
  it.each([
    [
      'another command reads it',
      [`RUN ${bind} pip install -r /tmp/r.txt && sha256sum /tmp/r.txt > /opt/venv/x`],
    ],
    ['a command may read it', [`RUN ${bind} pip install -r /tmp/r.txt && make`]],
    ['a pipe', [`RUN ${bind} cat /tmp/r.txt | pip install -r /dev/stdin`]],
    ['a substitution', [`RUN ${bind} pip install -r /tmp/r.txt $(cat /tmp/r.txt)`]],
    ['a loop', [`RUN ${bind} for f in /tmp/*.txt; do pip install -r $f; done`]],
    ['a heredoc', [`RUN ${bind} <<E`, 'pip install -r /tmp/r.txt', 'E']],
    [
      'pip looks for links in its folder',
      [`RUN ${bind} pip install --find-links=/tmp -r /tmp/r.txt`],
    ],
    ['the project around it is installed', [...copy, 'RUN pip install -r requirements.txt .']],
    [
      'a later RUN may read it',
      [...copy, 'RUN pip install -r requirements.txt', 'RUN ./configure'],
    ],
    [
      'its folder is not known',
      ['COPY requirements.txt ./', 'RUN pip install -r requirements.txt'],
    ],
    ['another shell', ['SHELL ["/bin/zsh", "-c"]', `RUN ${bind} pip install -r /tmp/r.txt`]],
    [
      'it is exported',
      ['COPY requirements.txt /opt/venv/', 'RUN pip install -r /opt/venv/requirements.txt'],
    ],
  ])('%s', (_, lines) => {
    expect(byMeaning(lines)).toEqual([]);
  });

  it('where it is copied into an image', () => {
    expect(byMeaning([...copy, 'RUN pip install -r requirements.txt'], [])).toEqual([]);
  });
});
