import { describe, expect, it } from 'vitest';
import { formatReference, parseReference } from './reference';

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
