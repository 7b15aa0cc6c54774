import { expect, test } from 'vitest';
import { declaredSettings } from './settings';

const tcp = (...ports: number[]) => ports.map((port) => ({ port, protocol: 'tcp' }));

test.each([
  ['of the last stage', 'FROM a\nEXPOSE 1\nFROM b\nEXPOSE 8000/tcp 8443', tcp(8000, 8443)],
  ['of the stages that it is built FROM', 'FROM a AS x\nEXPOSE 1\nFROM x\nEXPOSE 2', tcp(1, 2)],
  ['by a variable', 'FROM a\nARG PORT=8000\nEXPOSE $PORT', tcp(8000)],
  ['by a global ARG', 'ARG PORT=80\nFROM a\nARG PORT\nEXPOSE ${PORT}/tcp', tcp(80)],
  ['in a range', 'FROM a\nEXPOSE 8000-8002', tcp(8000, 8001, 8002)],
  ['over two lines', 'FROM a\nEXPOSE 1 \\\n  2', tcp(1, 2)],
  ['of another protocol', 'FROM a\nEXPOSE 53/UDP', [{ port: 53, protocol: 'udp' }]],
  ['not those in a comment or a heredoc', 'FROM a\n# EXPOSE 1\nRUN <<E\nEXPOSE 2\nE', []],
  ['each once', 'FROM a\nEXPOSE 1\nEXPOSE 1', tcp(1)],
])('the ports %s', (_, text, ports) => {
  expect(declaredSettings(text).ports).toEqual(ports);
});

test('the user and the health check of a stage come from what it is built FROM, too', () => {
  const text = 'FROM a AS x\nUSER app\nHEALTHCHECK CMD true\nFROM x AS y\nFROM x\nHEALTHCHECK NONE';
  expect(declaredSettings(text, { stage: 'y' })).toMatchObject({ user: 'app', healthcheck: 'set' });
  expect(declaredSettings(text)).toMatchObject({ user: 'app', healthcheck: 'none' });
  expect(declaredSettings('FROM a')).toMatchObject({ user: undefined, healthcheck: undefined });
  expect(() => declaredSettings(text, { stage: 'z' })).toThrow(
    expect.objectContaining({ code: 'UNKNOWN_STAGE' }),
  );
});
