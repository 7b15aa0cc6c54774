import { describe, expect, test } from 'vitest';
import { debugCommand, reloadCommand, syncRules } from './watch';

const copy = (text: string) => ({ keyword: 'COPY', text });

describe('what is kept the same', () => {
  test.each([
    ['a folder into the working directory', 'COPY app app', { path: 'app', target: '/srv/app' }],
    [
      'a file into a folder',
      'COPY alembic.ini ./',
      { path: 'alembic.ini', target: '/srv/alembic.ini' },
    ],
    ['an absolute target', 'COPY app /opt/app', { path: 'app', target: '/opt/app' }],
    ['a folder’s content', 'COPY app/ .', { path: 'app/', target: '/srv' }],
  ])('%s', (_what, text, rule) => {
    expect(syncRules([copy(text)], '/srv')).toEqual([rule]);
  });

  test.each([
    ['what comes from another stage', 'COPY --from=builder /opt/venv /opt/venv'],
    ['several sources', 'COPY a.py b.py /srv/'],
    ['a pattern', 'COPY *.py /srv/'],
    ['the JSON form', 'COPY ["a b", "/srv/"]'],
  ])('not %s', (_what, text) => {
    expect(syncRules([copy(text)], '/srv')).toEqual([]);
  });
});

test('uvicorn reloads by its own option, once', () => {
  const command = ['uvicorn', 'app.main:app', '--reload', '--port', '8000'];
  expect(reloadCommand(command, undefined)).toEqual([
    'uvicorn',
    'app.main:app',
    '--port',
    '8000',
    '--reload',
  ]);
});

test('a server that is not known to reload is refused with the way out', () => {
  expect(() => reloadCommand(['java', '-jar', 'x'], undefined)).toThrow(
    /how `java -jar x` reloads/,
  );
  expect(reloadCommand(['java'], ['entr', 'java'])).toEqual(['entr', 'java']);
});

test.each([
  [
    ['/opt/venv/bin/uvicorn', 'app:app', '--reload'],
    ['python', '-Xfrozen_modules=off', '-m', 'debugpy', '--listen', '0.0.0.0:5678'],
    ['-m', 'uvicorn', 'app:app', '--reload'],
  ],
  [
    ['python3', 'main.py'],
    ['python', '-Xfrozen_modules=off', '-m', 'debugpy', '--listen', '0.0.0.0:5678'],
    ['main.py'],
  ],
  [['node', 'main.js'], ['node', '--inspect=0.0.0.0:5678'], ['main.js']],
])('%j runs under its debugger', (command, ...expected) => {
  expect(debugCommand(command, 5678)).toEqual(expected.flat());
});

test('a program without a known debugger is named', () => {
  expect(() => debugCommand(['java', '-jar', 'x'], 1)).toThrow(
    /`java -jar x` runs under a debugger/,
  );
});
