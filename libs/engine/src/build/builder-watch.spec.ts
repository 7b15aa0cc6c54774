import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { failureOf } from '../client/failure';
import { EngineError } from '../client/error';
import { BuilderWatch } from './builder-watch';

const BEGUN = '#0 building with "far" instance using remote driver\n\n';
const WAITS = '#1 [internal] waiting for connection\n';
const ANSWERED = '#1 [internal] load build definition from Dockerfile\n';

/** What a build failed of whose client said this, `seen` coming while it ran. */
function failed(seen: string, last: string) {
  const watch = new BuilderWatch('far');
  watch.see(BEGUN);
  watch.see(seen);
  watch.stop();
  const error = failureOf('docker buildx build', { exitCode: 1, stderr: `${seen}${last}\n` });
  return watch.failure(error) as EngineError;
}

describe('a builder that goes away', () => {
  it.each([
    'ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF',
    'ERROR: failed to solve: Unavailable: error reading from server: EOF',
    'ERROR: failed to build: failed to receive status: rpc error: code = Unavailable desc = closing transport due to: connection error: desc = "error reading from server: read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer", received prior goaway: code: NO_ERROR',
    'ERROR: failed to solve: Canceled: context canceled',
    'ERROR: failed to solve: process "/bin/sh -c sleep 60" did not complete successfully: exit code: 137: context canceled',
  ])('in the middle: %s', (last) => {
    expect(failed(ANSWERED, last)).toMatchObject({
      code: 'BUILDER_GONE',
      message: 'Builder far went away in the middle',
      hint: 'See what `docker buildx inspect far` says of it',
    });
  });

  it.each([
    [
      'ERROR: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused"',
      'transport: Error while dialing: dial tcp 127.0.0.1:1: connect: connection refused',
    ],
    ['ERROR: context deadline exceeded', 'context deadline exceeded'],
    [
      'ERROR: Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?',
      'Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?',
    ],
  ])('before it has answered cannot be reached: %s', (last, why) => {
    expect(failed(WAITS, last)).toMatchObject({
      code: 'BUILDER_GONE',
      message: `Builder far cannot be reached: ${why}`,
    });
  });
});

/** As kubernetes and docker-container say it, each with what the client takes for a step that failed. */
describe('a builder that cannot be started', () => {
  const quoted = '------\n > [internal] booting buildkit:\n------\n';
  it.each([
    ['#1 waiting for 1 pods to be ready, timeout: 2 minutes\n', 'expected 1 replicas to be ready, got 0'],
    ['#1 pulling image moby/buildkit:buildx-stable-1\n#1 creating container b0 0.5s done\n', 'exit code 1'],
    ['#1 starting container\n', 'write /x: no space left on device'],
  ])('cannot be reached: %s', (more, why) => {
    const seen = `#1 [internal] booting buildkit\n${more}#1 ERROR: ${why}\n`;
    expect(failed(seen, `${quoted}ERROR: ${why}`)).toMatchObject({
      code: 'BUILDER_GONE',
      message: `Builder far cannot be reached: ${why}`,
    });
  });

  it('is no builder that has started, whatever the client finds then', () => {
    const seen = '#1 [internal] booting buildkit\n#1 creating container b0 done\n#1 DONE 3.0s\n';
    const last = 'ERROR: unable to prepare context: path "nowhere" not found';
    expect(failed(seen, last).code).toBe('COMMAND_FAILED');
    expect(failed(seen, 'ERROR: listing workers: deadline exceeded').code).toBe('BUILDER_GONE');
  });
}); // prettier-ignore

describe('a build that fails', () => {
  const LIES = [
    'ERROR: failed to receive status: rpc error: code = Unavailable desc = EOF',
    'Cannot connect to the Docker daemon at unix:///x.sock',
    'context deadline exceeded',
    'ERROR: failed to solve: Canceled: context canceled',
  ];
  it.each(LIES)('is no builder that is gone, though a step says, or is called: %s', (lie) => {
    const step = `#7 [deps 2/2] RUN echo ${lie}\n#7 0.1 ${lie}\n`;
    const named = `------\n > [deps 2/2] RUN echo ${lie}:\n0.1 ${lie}\n------\nDockerfile:2\n`;
    const last = `ERROR: failed to solve: process "/bin/sh -c echo ${lie}" did not complete successfully: exit code: 7`;
    expect(failed(`${ANSWERED}${step}`, `${named}${last}`).code).not.toBe('BUILDER_GONE');
  });

  it.each([
    'ERROR: failed to solve: x/y:1: failed to resolve source metadata for docker.io/x/y:1: unexpected status from HEAD request: 503 Service Unavailable',
    'ERROR: failed to solve: failed to compute cache key: "/Unavailable: ": not found',
    'ERROR: failed to solve: failed to compute cache key: "/: context canceled": not found',
    'ERROR: failed to solve: write /x: no space left on device',
  ])('of something else is no builder that is gone: %s', (last) => {
    expect(failed(ANSWERED, last).code).not.toBe('BUILDER_GONE');
  });

  it('of a registry that is away is no builder that is, though nothing but the frontend was asked for', () => {
    const frontend = '#2 resolve image config for docker-image://docker.io/docker/dockerfile:1\n';
    const last =
      'ERROR: failed to solve: failed to do request: Head "https://registry.example/v2/": dial tcp 10.1.2.3:443: connect: connection refused';
    for (const seen of [frontend, `${WAITS}#1 DONE 0.1s\n${frontend}`])
      expect(failed(seen, last).code).toBe('REGISTRY_UNREACHABLE');
  });

  it('before the builder is asked is nobody’s but the client’s', () => {
    const last = 'ERROR: unable to prepare context: path "nowhere" not found';
    expect(failed('', last).code).toBe('COMMAND_FAILED');
    expect(failed('', 'ERROR: no builder "far" found').code).toBe('NO_BUILDER');
  });
});

describe('a builder that never answers', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const cancelled = new EngineError('CANCELLED', { message: 'cancelled', hint: '' });

  /** Whether it is given up in the end, having said that. */
  function isGivenUp(...said: string[]): boolean {
    const watch = new BuilderWatch('far', 1000);
    for (const text of said) watch.see(text);
    vi.advanceTimersByTime(999);
    expect(watch.signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    watch.stop();
    return watch.signal.aborted;
  }

  it('is given up, unless it has answered or is just started', () => {
    expect(isGivenUp()).toBe(true);
    expect(isGivenUp(BEGUN, WAITS)).toBe(true);
    expect(isGivenUp(BEGUN, WAITS.slice(0, 20))).toBe(true);
    expect(isGivenUp(BEGUN, '#1 [internal] booting buildkit\n')).toBe(false);
    expect(isGivenUp(BEGUN, '#1 resolve image config for docker-image://x\n')).toBe(false);
    expect(isGivenUp(BEGUN, WAITS, '#1 DONE 3.0s\n\n#2 [internal] load build\n')).toBe(false);
    expect(isGivenUp(BEGUN, WAITS.slice(0, 8), WAITS.slice(8), '#2 [int', 'ernal] load x\n')).toBe(false); // prettier-ignore
  });

  it('is no client that a signal has ended with us', () => {
    const seen = vi.fn();
    process.once('SIGHUP', seen);
    const watch = new BuilderWatch('far');
    process.emit('SIGHUP', 'SIGHUP');
    watch.stop();
    expect(seen).toHaveBeenCalledOnce();
    for (const said of [WAITS, ANSWERED]) {
      watch.see(said);
      const stderr = 'ERROR: failed to solve: Canceled: context canceled\n';
      const error = failureOf('docker buildx build', { exitCode: 1, stderr });
      expect(watch.failure(error)).toBe(error);
    }
  });

  it('is said so, and a build that was cancelled is not', () => {
    const watch = new BuilderWatch('far', 1000);
    expect(watch.failure(cancelled)).toBe(cancelled);
    vi.advanceTimersByTime(1000);
    expect(watch.failure(cancelled)).toMatchObject({
      code: 'BUILDER_GONE',
      message: 'Builder far gave no answer within 1 s',
    });
  });

  it('keeps nobody waiting once the build has ended', () => {
    const watch = new BuilderWatch('far', 1000);
    watch.stop();
    expect(vi.getTimerCount()).toBe(0);
    expect(watch.signal.aborted).toBe(false);
  });
});
