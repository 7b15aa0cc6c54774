import { describe, expect, it } from 'vitest';
import { readStages } from './stages';

const service = `# syntax=docker/dockerfile:1
ARG PYTHON=3.12
FROM python:\${PYTHON}-slim AS toolchain
RUN apt-get update \\
  # a comment within a continued line
  && apt-get install -y gcc
FROM toolchain AS deps
RUN --mount=type=bind,source=requirements.txt,target=/r.txt pip install -r /r.txt
FROM python:\${PYTHON}-slim AS runner
COPY --from=deps /opt/venv /opt/venv
COPY app alembic.ini /app/
FROM runner AS test
COPY tests/*.py /app/tests/
`;

describe('readStages', () => {
  it('exports a stage that is only copied from as the copied paths', () => {
    const stages = readStages(service);
    expect(stages.map(({ name, output }) => [name, output])).toEqual([
      ['toolchain', { kind: 'image' }],
      ['deps', { kind: 'paths', paths: ['/opt/venv'] }],
      ['runner', { kind: 'image' }],
      ['test', { kind: 'image' }],
    ]);
  });

  it('folds the base stages of an exported stage into it', () => {
    const deps = readStages(service).find(({ name }) => name === 'deps');
    expect(deps).toMatchObject({ dependsOn: [], base: { reference: 'python:3.12-slim' } });
  });

  it('names what each stage builds on, and where in the context it reads', () => {
    const stages = readStages(service);
    expect(stages.map(({ dependsOn }) => dependsOn)).toEqual([[], [], ['deps'], ['runner']]);
    expect(stages.map(({ contextPaths }) => contextPaths)).toEqual([
      [],
      ['requirements.txt'],
      ['alembic.ini', 'app'],
      ['tests'],
    ]);
  });

  it('says of which stages something is run, those folded into them among them', () => {
    expect(readStages(service).map(({ name, runs }) => [name, runs])).toEqual([
      ['toolchain', true],
      ['deps', true],
      ['runner', false],
      ['test', false],
    ]);
    const [folded] = readStages(
      'FROM a AS below\nCOPY a /\nFROM scratch\nCOPY --from=below /a /\n',
    );
    expect(folded).toMatchObject({ output: { kind: 'paths' }, runs: true });
  });

  it('takes a variable that only the build knows as the whole context', () => {
    const [stage] = readStages('FROM python\nCOPY $WHERE /app\n');
    expect(stage?.contextPaths).toEqual(['.']);
  });

  it('reads a file with CRLF line ends as the same file with LF', () => {
    expect(readStages(service.replaceAll('\n', '\r\n'))).toEqual(readStages(service));
  });

  it('gives two stages of one name two names, the last one the declared', () => {
    const twice = 'FROM scratch AS a\nFROM a AS a\nFROM a\nCOPY --from=a /x /x\n';
    const stages = readStages(twice);
    expect(stages.map(({ name }) => name)).toEqual(['stage-0', 'a', 'stage-2']);
    expect(stages[1]?.base).toEqual({ kind: 'stage', stage: 'stage-0' });
    expect(stages[2]?.base).toEqual({ kind: 'stage', stage: 'a' });
  });
});
