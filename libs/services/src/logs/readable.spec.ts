import { describe, expect, test } from 'vitest';
import { isAtLeast, isHealthCheck, readableLine } from './readable';

describe('a line of the log', () => {
  test.each([
    [
      'structlog',
      'backend-1  | {"event":"converted","level":"info","timestamp":"2026-11-24T08:00:01.123456Z","logger":"app.api","rows":3,"file":"a b.xlsx"}',
      '08:00:01.123 info     app.api: converted rows=3 file="a b.xlsx"',
    ],
    [
      'pino',
      'web-1  | {"level":50,"time":1764000000000,"msg":"boom","pid":7}',
      '16:00:00.000 error    boom pid=7',
    ],
    ['plain text', 'redis-1  | Ready to accept connections', 'Ready to accept connections'],
    ['something that only begins as JSON', 'web-1  | {oops', '{oops'],
    ['an empty line', 'web-1  | ', ''],
    ['a line without a prefix', 'no prefix here', 'no prefix here'],
  ])('of %s is readable', (_of, line, text) => {
    expect(readableLine(line).text).toBe(text);
  });

  test('keeps the trace of an exception below it', () => {
    const line = `a-1  | ${JSON.stringify({ event: 'failed', level: 'error', exception: 'Traceback\n  x' })}`;
    expect(readableLine(line).text).toBe('error    failed\nTraceback\n  x');
  });

  test.each([
    ['{"level":"warn","msg":"x"}', true],
    ['{"levelname":"CRITICAL","message":"x"}', true],
    ['{"level":"info","msg":"x"}', false],
    ['2026-11-24 08:00:00 UTC [1] FATAL:  no such role', true],
    ['2026-11-24 08:00:00 UTC [1] LOG:  checkpoint', false],
    ['1:M 24 Nov 2026 08:00:00.000 # Out of memory', true],
    ['just text', false],
  ])('%s at level warning: %s', (body, shown) => {
    expect(isAtLeast(readableLine(`a-1  | ${body}`), 'warning')).toBe(shown);
  });
});

test.each([
  ['INFO:     127.0.0.1:5000 - "GET /health/live HTTP/1.1" 200 OK', true],
  ['{"event":"request","level":"info","method":"GET","path":"/api/health","status":200}', true],
  ['10.0.0.1 - - [24/Nov/2026] "HEAD /healthz?full=1 HTTP/1.1" 204 0', true],
  ['INFO:     127.0.0.1:5000 - "GET /health HTTP/1.1" 503 Service Unavailable', false],
  ['{"event":"request","level":"error","path":"/health","status":"down"}', false],
  ['INFO:     127.0.0.1:5000 - "GET /api/healthy-food HTTP/1.1" 200 OK', false],
  ['the health of the nation', false],
])('%s is a health check: %s', (body, is) => {
  expect(isHealthCheck(readableLine(`backend-1  | ${body}`))).toBe(is);
});
