import { describe, expect, test } from 'vitest';
import { reloadCommand, syncRules } from './watch';

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
