// Takes 250 s.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { BUILDKIT_MS, type OwnBuildKit, startBuildKit } from '../testing/own-buildkit';
import { StagedWorkspace } from '../testing/staged';

const LONG_MS = 180_000;

const scratch = mkdtempSync(join(tmpdir(), 'pool-'));
let workspace: StagedWorkspace;
/** One that is there all the time. */
let good: OwnBuildKit | undefined;

beforeAll(async () => {
  // Builders that a test makes are nobody else's.
  vi.stubEnv('BUILDX_CONFIG', join(scratch, 'buildx'));
  workspace = await StagedWorkspace.make();
  good = await startBuildKit(workspace.engine);
}, BUILDKIT_MS);

afterAll(async () => {
  await good?.kill();
  await workspace.remove();
  rmSync(scratch, { recursive: true });
}, LONG_MS);

/** Has buildx know a builder. @param options of `docker buildx create` */
async function builderAt(
  address: string,
  { name = `pool-${randomBytes(4).toString('hex')}`, options = [] as string[] } = {},
): Promise<string> {
  const { engine } = workspace;
  await engine.buildxCommand(['rm', name], { allowFailure: true });
  await engine.buildxCommand(['create', '--name', name, '--driver=remote', ...options, address]);
  return name;
}

const logPath = (stage: string) => join(workspace.root, 'dist/app/docker', stage, 'build.log');
const logOf = (stage: string) =>
  existsSync(logPath(stage)) ? readFileSync(logPath(stage), 'utf8') : '';
/** The builders that a stage was given to, in order. */
const askedFor = (stage: string) =>
  [...logOf(stage).matchAll(/^#0 building with "([^"]+)"/gm)].map(([, name]) => name!);

/** Plans it anew, with what `deps` runs, and builds what that copies from. */
async function planned(install: string): Promise<void> {
  await workspace.dockerfile(install);
  for (const step of [await workspace.plan(), await workspace.stage('builder')])
    expect(step.success, step.text).toBe(true);
  await rm(join(workspace.root, 'dist/app/docker/deps'), { recursive: true, force: true });
}

/** Two names of which `deps` prefers the first, whatever is behind them. */
async function inOrderOfDeps(): Promise<[first: string, second: string]> {
  const names = [await builderAt(good!.address), await builderAt(good!.address)];
  const { success, text } = await workspace.stage('deps', { builders: { '*': names } });
  expect(success, text).toBe(true);
  expect(text).not.toContain('on builder');
  const [first] = askedFor('deps');
  return [first!, names.find((name) => name !== first)!];
}

/** As long as it runs nobody hears of it. */
async function silentAddress(): Promise<string> {
  const open = new Set<Socket>();
  const server = createServer((socket) => open.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const NOWHERE = 'tcp://127.0.0.1:1';

test.each([
  ['killed', 'kill'],
  ['told to end', 'stop'],
] as const)(
  'a builder that is %s in the middle of a RUN: the next one makes the stage, the same image, and both lines say so',
  async (_, end) => {
    await planned(`echo be''gun; sleep 9; echo ${end} > /etc/installed`);
    const all = [await startBuildKit(workspace.engine), await startBuildKit(workspace.engine)];
    onTestFinished(async () => {
      for (const each of all) await each.kill();
    });
    const names = [await builderAt(all[0]!.address), await builderAt(all[1]!.address)];
    const building = workspace.stage('deps', { builders: { '*': names } });
    await vi.waitFor(() => expect(logOf('deps')).toMatch(/^#\d+ [\d.]+ begun$/m), {
      timeout: LONG_MS,
      interval: 100,
    });
    const [first = ''] = askedFor('deps');
    await all[names.indexOf(first)]![end]();
    const { success, text } = await building;
    expect(success, text).toBe(true);
    const other = names.find((name) => name !== first)!;
    expect(text).toContain(`! deps: Builder ${first} went away in the middle; ${other} is asked\n`);
    expect(text).toMatch(new RegExp(`^deps .*; on builder ${other}\\) in `, 'm'));
    const { digest } = await workspace.record('deps');
    await workspace.stage('deps');
    expect(digest).toBe((await workspace.record('deps')).digest);
  },
  LONG_MS,
);

test(
  'a RUN that fails is its own fault, whatever it says: nobody else is asked',
  async () => {
    const lie = 'ERROR: failed to receive status: rpc error: code = Unavailable desc = EOF';
    await planned(`echo "${lie}"; echo "${lie}" >&2; exit 7`);
    const names = [await builderAt(good!.address), await builderAt(good!.address)];
    const { success, text } = await workspace.stage('deps', { builders: { '*': names } });
    expect(success).toBe(false);
    expect(text).toContain('failed (exit status 7)');
    expect(text).not.toContain('is asked');
    expect(askedFor('deps')).toHaveLength(1);
  },
  LONG_MS,
);

test(
  'what stands on a stage goes to the builder of that, where its layers are',
  async () => {
    await planned('echo installed > /etc/installed');
    const dockerfile = readFileSync(join(workspace.root, 'app/Dockerfile'), 'utf8');
    await workspace.write('app/Dockerfile', `${dockerfile}RUN echo ran > /srv/ran\n`);
    await workspace.plan();
    const names = await Promise.all([1, 2, 3].map(() => builderAt(good!.address)));
    for (const builders of [{ '*': names }, { [workspace.engine.platform]: names.toReversed() }])
      for (const stage of ['deps', 'runner']) {
        const { success, text } = await workspace.stage(stage, { builders });
        expect(success, text).toBe(true);
      }
    expect(new Set([...askedFor('deps'), ...askedFor('runner')]).size).toBe(1);
  },
  LONG_MS,
);

test(
  'one that listens and never answers is given up, and the next one asked',
  async () => {
    await planned('echo silent > /etc/installed');
    const [first, second] = await inOrderOfDeps();
    await builderAt(await silentAddress(), { name: first });
    const { success, text } = await workspace.stage('deps', { builders: { '*': [first, second] } });
    expect(success, text).toBe(true);
    expect(text).toContain(`! deps: Builder ${first} gave no answer within 30 s; ${second} is asked`);
    expect(text).toMatch(new RegExp(`^deps .*; on builder ${second}\\) in `, 'm'));
  },
  LONG_MS,
); // prettier-ignore

test(
  'where none is there one line names each and why, and nothing is left half made',
  async () => {
    await planned('echo nobody > /etc/installed');
    const silent = await builderAt(await silentAddress());
    const refusing = await builderAt(NOWHERE);
    const builders = { '*': [silent, refusing, 'pool-not-there'] };
    const { success, text } = await workspace.stage('deps', { builders });
    expect(success).toBe(false);
    const last = text.split('\n').findLast((line) => line.startsWith('✗'))!;
    expect(last).toMatch(/^✗ No builder for linux\/\w+ is there: /);
    expect(last).toContain(`Builder ${silent} gave no answer within 30 s`);
    expect(last).toMatch(new RegExp(`Builder ${refusing} cannot be reached: [^;]*(?:refused|deadline)`)); // prettier-ignore
    expect(last).toContain('There is no builder pool-not-there');
    expect(existsSync(workspace.folder('deps'))).toBe(false);
  },
  LONG_MS,
);

test(
  'certificates on both sides are buildx’s: who has none is not let in, and the next one is asked',
  async () => {
    await planned('echo certified > /etc/installed');
    const files = certificates(scratch);
    const locked = await startBuildKit(workspace.engine, [
      `--tlscacert=${files.ca}`,
      `--tlscert=${files.server.cert}`,
      `--tlskey=${files.server.key}`,
    ]);
    onTestFinished(() => locked.kill());
    const [first, second] = await inOrderOfDeps();
    const option = (pairs: Record<string, string>) =>
      `--driver-opt=${Object.entries(pairs).map((pair) => pair.join('=')).join(',')}`; // prettier-ignore
    await builderAt(locked.address, { name: first, options: [option({ cacert: files.ca })] });
    await builderAt(locked.address, {
      name: second,
      options: [option({ cacert: files.ca, ...files.client })],
    });
    const { success, text } = await workspace.stage('deps', { builders: { '*': [first, second] } });
    expect(success, text).toBe(true);
    expect(text).toMatch(new RegExp(`! deps: Builder ${first} cannot be reached: [^\n]+; ${second} is asked`)); // prettier-ignore
    expect(text).toContain(`on builder ${second}`);
  },
  LONG_MS,
);

test(
  'who says that it does not build for a platform is not asked to, and where none does one line says so before any build',
  async () => {
    const { engine } = workspace;
    const platform = 'linux/mips64le';
    const names = [await builderAt(good!.address), await builderAt(good!.address)];
    const other = await StagedWorkspace.make();
    onTestFinished(() => other.remove());
    await other.write('app/Dockerfile', 'FROM scratch AS deps\nRUN ["/nothing"]\n');
    other.platforms.splice(0, 1, platform);
    for (const builders of [{ '*': names }, { [platform]: names[0]! }, { '*': 'default' }]) {
      const asked = [Object.values(builders)[0]!].flat();
      expect((await other.plan()).success).toBe(true);
      const { success, text } = await other.stage('deps', { builders });
      expect(success).toBe(false);
      expect(text).toContain(`✗ No builder that is named for ${platform} builds for it: `);
      for (const name of asked) expect(text).toContain(`${name} builds for ${engine.platform}`);
      expect(existsSync(join(other.root, 'dist/app/docker/deps/build.log'))).toBe(false);
    }
  },
  LONG_MS,
);

test(
  'who emulates the platform is asked after who runs it, whichever of them the stage prefers',
  async () => {
    const foreign = workspace.engine.platform === 'linux/amd64' ? 'linux/arm64' : 'linux/amd64';
    // BuildKit lists what it is named for first, and what its machine runs behind that.
    const emulating = await startBuildKit(workspace.engine, [`--oci-worker-platform=${foreign}`]);
    onTestFinished(() => emulating.kill());
    await planned('echo preferred > /etc/installed');
    const able = await builderAt(good!.address);
    // So many that one of them is all but sure to be the one that the stage prefers.
    const slower = await Promise.all([1, 2, 3, 4, 5, 6, 7].map(() => builderAt(emulating.address)));
    const says = await workspace.engine.builderPlatforms(slower[0]);
    expect(says?.emulated).toContain(workspace.engine.platform);
    const { success, text } = await workspace.stage('deps', {
      builders: { '*': [...slower, able] },
    });
    expect(success, text).toBe(true);
    expect(askedFor('deps')).toEqual([able]);
  },
  LONG_MS,
);

/** An authority, and what it has signed for a server at 127.0.0.1 and for a client. */
function certificates(folder: string) {
  const make = (name: string, ...more: string[]) => {
    const pair = { cert: join(folder, `${name}.pem`), key: join(folder, `${name}-key.pem`) };
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const files = ['-keyout', pair.key, '-out', pair.cert, '-subj', `/CN=${name}`, '-days', '1'];
    execFileSync('openssl', ['req', ...kind, ...files, ...more], { stdio: 'pipe' });
    return pair;
  };
  const authority = make('authority');
  const signed = ['-CA', authority.cert, '-CAkey', authority.key, '-addext'];
  return {
    ca: authority.cert,
    server: make('server', ...signed, 'subjectAltName=IP:127.0.0.1'),
    client: make('client', ...signed, 'extendedKeyUsage=clientAuth'),
  };
}
