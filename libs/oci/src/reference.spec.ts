import { describe, expect, it } from 'vitest';
import { formatReference, mirrored, parseReference } from './reference';

describe('a reference', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  it.each([
    ['python', 'docker.io/library/python:latest'],
    ['python:3.12-slim', 'docker.io/library/python:3.12-slim'],
    ['excel2doc/backend:dev', 'docker.io/excel2doc/backend:dev'],
    ['index.docker.io/library/redis:7', 'docker.io/library/redis:7'],
    ['localhost/a', 'localhost/a:latest'],
    ['localhost:5000/a/b:c', 'localhost:5000/a/b:c'],
    ['ghcr.io/o/i', 'ghcr.io/o/i:latest'],
    [`python@${digest}`, `docker.io/library/python@${digest}`],
    [`python:3@${digest}`, `docker.io/library/python:3@${digest}`],
  ])('%s is %s', (text, full) => {
    expect(formatReference(parseReference(text))).toBe(full);
  });

  it.each(['', 'Python', 'a:', 'a//b', 'a@sha256:1', 'a:b:c', '-a', 'a b'])(
    '%s is refused',
    (text) => {
      expect(() => parseReference(text)).toThrowError(
        expect.objectContaining({ code: 'BAD_REFERENCE' }),
      );
    },
  );
});

describe('a reference behind a mirror', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  it.each([
    ['python:3.12', '', 'python:3.12'],
    ['python', 'm.example', 'm.example/library/python'],
    ['python:3.12', 'm.example', 'm.example/library/python:3.12'],
    ['python:3.12', 'https://m.example/hub//', 'm.example/hub/library/python:3.12'],
    ['docker.io/library/python:3.12', 'm.example/hub', 'm.example/hub/library/python:3.12'],
    ['index.docker.io/library/python', 'm.example', 'm.example/library/python'],
    ['acme/app:1', 'm.example:5000', 'm.example:5000/acme/app:1'],
    [`python:3@${digest}`, 'm.example', `m.example/library/python:3@${digest}`],
    [`python@${digest}`, 'm.example', `m.example/library/python@${digest}`],
    ['ghcr.example/acme/app:1', 'm.example', 'ghcr.example/acme/app:1'],
    ['localhost:5000/app', 'm.example', 'localhost:5000/app'],
    ['localhost/app:1', 'm.example', 'localhost/app:1'],
  ])('%s behind %j is %s', (reference, mirror, expected) => {
    expect(mirrored(reference, mirror)).toBe(expected);
  });

  it('is refused where it is none', () => {
    expect(() => mirrored('Python', 'm.example')).toThrowError(
      expect.objectContaining({ code: 'BAD_REFERENCE' }),
    );
  });
});
