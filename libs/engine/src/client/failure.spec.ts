import { describe, expect, it } from 'vitest';
import { failureOf } from './failure';

/** As clients of Docker 24 to 28 wrote them. */
const SAID: [string, string, string, string][] = [
  [
    'a full disk in a build step',
    '#7 3.1 OSError: [Errno 28] No space left on device\nERROR: failed to solve: process "/bin/sh -c pip" did not complete successfully: exit code: 1',
    'DISK_FULL',
    'full',
  ],
  [
    'a full disk under load',
    'Error processing tar file(exit status 1): write /usr/lib/x.so: no space left on device',
    'DISK_FULL',
    'full',
  ],
  [
    'a builder that is not there',
    'ERROR: no builder "arm-machine" found',
    'NO_BUILDER',
    'arm-machine',
  ],
  [
    'a port that a container has',
    'Error response from daemon: driver failed programming external connectivity on endpoint a-redis-1 (2f): Bind for 127.0.0.1:6379 failed: port is already allocated',
    'PORT_TAKEN',
    '6379',
  ],
  [
    'a port that a program has',
    'Error response from daemon: driver failed programming external connectivity on endpoint x (9c): Error starting userland proxy: listen tcp4 127.0.0.1:8000: bind: address already in use',
    'PORT_TAKEN',
    '8000',
  ],
  [
    'a port that Docker 28 could not bind',
    'Error response from daemon: failed to set up container networking: driver failed programming external connectivity on endpoint x (9c): failed to bind host port for 0.0.0.0:5432:172.17.0.2:5432/tcp: address already in use',
    'PORT_TAKEN',
    '5432',
  ],
  [
    'a port on Docker Desktop',
    'Error response from daemon: Ports are not available: exposing port TCP 0.0.0.0:8000 -> 0.0.0.0:0: listen tcp 0.0.0.0:8000: bind: address already in use',
    'PORT_TAKEN',
    '8000',
  ],
  [
    'a load beside another of the same image',
    'image "moby-dangling@sha256:73fd": already exists',
    'IMAGE_BUSY',
    'moby-dangling@sha256:73fd',
  ],
  [
    'a name that another just gives',
    'creating image docker.io/library/race:a failed because it already exists, but accessing it also failed: No such image: race:a',
    'IMAGE_BUSY',
    'race:a',
  ],
  [
    'a name that another just gave',
    'failed to create an image docker.io/library/race:a with target sha256:5fe8 after deleting the existing one: image "docker.io/library/race:a": already exists',
    'IMAGE_BUSY',
    'race:a',
  ],
  [
    'an image that no registry has',
    'ERROR: failed to solve: python:3.99-nope: failed to resolve source metadata for docker.io/library/python:3.99-nope: docker.io/library/python:3.99-nope: not found',
    'IMAGE_NOT_FOUND',
    'python:3.99-nope',
  ],
  [
    'a private image',
    "Error response from daemon: pull access denied for acme/secret, repository does not exist or may require 'docker login'",
    'IMAGE_NOT_FOUND',
    'acme/secret',
  ],
  [
    'an image that is not here',
    'Error response from daemon: No such image: t:9',
    'IMAGE_NOT_FOUND',
    't:9',
  ],
  [
    'a registry whose name is unknown',
    'ERROR: failed to solve: redis:7: failed to resolve source metadata for docker.io/library/redis:7: failed to do request: Head "https://registry.example/v2/library/redis/manifests/7": dial tcp: lookup registry.example on 10.0.0.2:53: no such host',
    'DNS_FAILURE',
    'registry.example',
  ],
  [
    'a registry that refuses',
    'ERROR: failed to solve: redis:7: failed to resolve source metadata for docker.io/library/redis:7: failed to do request: Head "https://registry.example/v2/library/redis/manifests/7": dial tcp 10.1.2.3:443: connect: connection refused',
    'REGISTRY_UNREACHABLE',
    'registry.example',
  ],
  [
    'a registry behind an unknown CA',
    'Error response from daemon: Get "https://registry.example:5000/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    'REGISTRY_UNREACHABLE',
    'registry.example:5000',
  ],
  [
    'DNS inside a step',
    "#8 1.2 W: Failed to fetch http://deb.example/InRelease  Temporary failure resolving 'deb.example'\nERROR: failed to solve: exit code: 100",
    'DNS_FAILURE',
    'deb.example',
  ],
  [
    'a daemon that is not there',
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
    'DAEMON_GONE',
    'stopped answering',
  ],
  [
    'a daemon that went away in a build',
    'ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF',
    'DAEMON_GONE',
    'stopped answering',
  ],
  [
    'a Dockerfile that does not parse',
    'ERROR: failed to solve: dockerfile parse error on line 3: unknown instruction: RUNN (did you mean RUN?)',
    'DOCKERFILE_INVALID',
    'line 3: unknown instruction: RUNN',
  ],
  [
    'a Python package that does not exist',
    '#9 2.0 ERROR: Could not find a version that satisfies the requirement nosuchpkg==1.0 (from versions: none)\n#9 2.1 ERROR: No matching distribution found for nosuchpkg==1.0\nERROR: failed to solve: exit code: 1',
    'PACKAGE_NOT_FOUND',
    'nosuchpkg==1.0',
  ],
  [
    'a Debian package that does not exist',
    '#9 2.0 E: Unable to locate package nosuchpkg\nERROR: failed to solve: exit code: 100',
    'PACKAGE_NOT_FOUND',
    'nosuchpkg',
  ],
];

describe('failureOf', () => {
  it.each(SAID)('names %s', (_, stderr, code, named) => {
    const error = failureOf('docker x', { exitCode: 1, stderr });
    expect(error.code).toBe(code);
    expect(error.message).toContain(named);
    expect(error.message.split('\n')).toHaveLength(1);
    expect(error.hint).not.toBe('');
    expect(error.stderr).toBe(stderr);
  });

  it('shows the step that failed, its place and the end of its output, not the log of all others', () => {
    const stderr = [
      '#1 [internal] load build definition from Dockerfile',
      ...Array.from({ length: 50 }, (_, line) => `#5 0.${line} earlier line ${line}`),
      '#5 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 2',
      '------',
      ' > [builder 2/3] RUN make all:',
      '0.51 cc -o x x.c',
      '0.52 x.c:1: fatal error: no.h: No such file or directory',
      '------',
      'Dockerfile:12',
      '--------------------',
      '  12 | >>> RUN make all',
      '--------------------',
      'ERROR: failed to solve: process "/bin/sh -c make all" did not complete successfully: exit code: 2',
    ].join('\n');
    const error = failureOf('docker buildx build', { exitCode: 1, stderr });
    expect(error.code).toBe('BUILD_FAILED');
    expect(error.message).toBe(
      'Dockerfile:12: RUN make all failed (exit status 2)\n0.51 cc -o x x.c\n0.52 x.c:1: fatal error: no.h: No such file or directory',
    );
  });

  const LIES = [
    'Cannot connect to the Docker daemon at unix:///var/run/docker.sock',
    'ERROR: failed to receive status: rpc error: code = Unavailable desc = EOF',
    'Error response from daemon: No such image: t:9',
    'listen tcp4 127.0.0.1:8000: bind: address already in use',
    'no builder "mine" found',
    'ERROR: no builder "mine" found',
  ];

  it.each(LIES)('does not take the words of a step that succeeded for the client’s own: %s', (words) => {
    const stderr = [
      `#7 [deps 2/3] RUN ${words} || true`,
      `#7 0.1 ${words}`,
      '#7 DONE 0.2s',
      '#8 [deps 3/3] COPY /x /',
      '#8 ERROR: failed to calculate checksum of ref x::y: "/x": not found',
      '------',
      ' > [deps 3/3] COPY /x /:',
      `0.1 ${words}`,
      '------',
      'Dockerfile:3',
      '--------------------',
      `   2 |     RUN ${words} || true`,
      '   3 | >>> COPY /x /',
      '--------------------',
      'ERROR: failed to solve: failed to compute cache key: "/x": not found',
    ].join('\n');
    const error = failureOf('docker buildx build', { exitCode: 1, stderr });
    expect(error.code).toBe('BUILD_FAILED');
    expect(error.message).toContain('Dockerfile:3: COPY /x / failed');
  }); // prettier-ignore

  it('a step that had no connection does not make an image that no registry has a registry that is away', () => {
    const stderr =
      '#7 0.1 dial tcp 127.0.0.1:1: connection refused\nERROR: failed to solve: x/y:1: failed to resolve source metadata for docker.io/x/y:1: docker.io/x/y:1: not found';
    expect(failureOf('docker buildx build', { exitCode: 1, stderr }).code).toBe('IMAGE_NOT_FOUND');
  });

  it.each(LIES)(
    'does not take the words of a step that failed for the client’s own: %s',
    (words) => {
      const stderr = [
        `#7 0.1 ${words}`,
        '------',
        ' > [deps 2/2] RUN make:',
        `0.1 ${words}`,
        '------',
        'Dockerfile:2',
        'ERROR: failed to solve: process "/bin/sh -c make" did not complete successfully: exit code: 7',
      ].join('\n');
      const error = failureOf('docker buildx build', { exitCode: 1, stderr });
      expect(error.code).toBe('BUILD_FAILED');
      expect(error.message).toContain('RUN make failed (exit status 7)');
    },
  );

  it('shows the last lines of what it does not know, and keeps all of them', () => {
    const stderr = Array.from({ length: 100 }, (_, line) => `line ${line}`).join('\n');
    const error = failureOf('docker x', { exitCode: 3, stderr });
    expect(error.code).toBe('COMMAND_FAILED');
    expect(error.message.split('\n')).toEqual([
      'docker x failed (exit status 3)',
      ...Array.from({ length: 8 }, (_, line) => `line ${92 + line}`),
    ]);
    expect(error.stderr).toBe(stderr);
  });

  it('does not take a harmless warning at the start of a long log for the cause', () => {
    const stderr = [
      "W: Temporary failure resolving 'deb.example'",
      ...Array.from({ length: 100 }, () => 'more'),
      'boom',
    ].join('\n');
    expect(failureOf('docker x', { exitCode: 1, stderr }).code).toBe('COMMAND_FAILED');
  });
});
