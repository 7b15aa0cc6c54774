// Takes 90 s.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import deploy from './executor';
import { type OwnDaemon, startOwnDaemon } from '@excel2doc/stages/testing/own-daemon';
import { executorContext } from '../../testing/context';
import { type TestWorkspace, testWorkspace } from '@excel2doc/services/testing/workspace';

let workspace: TestWorkspace;
let own: OwnDaemon | null;
let port: number;

const HEALTH =
  'HEALTHCHECK --interval=1s --timeout=5s --retries=5 --start-period=15s --start-interval=500ms CMD python -c "import urllib.request as r; r.urlopen(\'http://127.0.0.1:8000/\')"\n';
const serving = (text: string) =>
  `RUN mkdir /www && echo ${text} > /www/index.html\n${HEALTH}CMD ["python", "-m", "http.server", "8000", "--directory", "/www"]\n`;
const broken = `RUN echo broken\n${HEALTH}CMD ["python", "-c", "print('no such setting', flush=True); import time; time.sleep(600)"]\n`;

/** Passes each request on to the service `app`, by a name that is looked up anew. */
const FRONT = `
import http.server, urllib.request
class Front(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = urllib.request.urlopen('http://app:8000/', timeout=2).read()
        self.send_response(200); self.end_headers(); self.wfile.write(body)
http.server.ThreadingHTTPServer(('', 8000), Front).serve_forever()
`;

/** Builds a version of the app, under the name that deploy gives it. */
async function build(dockerfile: string): Promise<void> {
  const image = await workspace.image('app', 'dev', dockerfile);
  const id = (await workspace.engine.inspectImage(image))!.id.slice(7, 19);
  await workspace.engine.tag(image, `${workspace.project}/app:${id}`);
}

async function run(migrate: string[]): Promise<{ success: boolean; said: string }> {
  const lines: string[] = [];
  const error = vi.spyOn(console, 'error').mockImplementation((line) => void lines.push(line));
  const options = { ...workspace.options, service: 'app', to: 'swarm' as const, migrate };
  const rest = { dryRun: false, volumeSize: '1Gi', waitSeconds: 120 };
  const { success } = await deploy({ ...options, ...rest }, executorContext(workspace.root));
  error.mockRestore();
  return { success, said: lines.join('\n') };
}

const page = () =>
  fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(3_000) })
    .then((response) => response.text())
    .catch(() => '');

/** A name can be answered with a container that has just ended; the next request has another. */
const shows = (text: string) =>
  vi.waitFor(async () => expect(await page()).toContain(text), { timeout: 10_000, interval: 100 });

const migrated = ['python', '-c', 'print("migrated")'];

beforeAll(async () => {
  own = await startOwnDaemon(await locateEngine());
  if (!own) return;
  vi.stubEnv('XDG_CACHE_HOME', own.env['XDG_CACHE_HOME']);
  port = await freePort();
  workspace = await testWorkspace(
    (project) => `services:
  app:
    image: ${project}/app:dev
    environment: { PASSWORD: a-secret-of-the-test }
    depends_on: [cache]
    stop_grace_period: 1s
  cache:
    image: redis:7-bookworm
    volumes: [data:/data]
    stop_grace_period: 1s
  front:
    image: ${project}/front:dev
    command: [python, /srv/front.py]
    volumes: ['./front.py:/srv/front.py:ro']
    ports: ['${port}:8000']
    stop_grace_period: 1s
volumes: { data: }
`,
  );
  await writeFile(join(workspace.root, 'docker/front.py'), FRONT);
  await workspace.image('front', 'dev', 'RUN true\n');
  await build(serving('first'));
}, 300_000);

afterAll(async () => {
  if (!own) return;
  await workspace.remove();
  vi.unstubAllEnvs();
  await own.stop();
}, 120_000);

test('an engine that is in no swarm is left alone', async ({ skip }) => {
  if (!own) return skip('there is no daemon program beside this engine');
  const { success, said } = await run(migrated);
  expect(success).toBe(false);
  expect(said).toMatch(/✗ This engine is no manager of a swarm \(inactive false\)/);
});

test('services come up, those that are needed first, then the migration', async ({ skip }) => {
  if (!own) return skip('there is no daemon program beside this engine');
  const listen = ['--listen-addr', `127.0.0.1:${await freePort()}`];
  await own.engine.command(['swarm', 'init', '--advertise-addr', '127.0.0.1', ...listen]);
  expect(await run(migrated)).toEqual({ success: true, said: '' });
  await shows('first');
  const { stdout } = await own.engine.command(['service', 'ls', '--format', '{{.Name}}']);
  const names = ['app', 'cache', 'front'].map((name) => `${workspace.project}_${name}`);
  expect(stdout.trim().split('\n').sort()).toEqual(names);
}, 240_000);

test('a migration that fails replaces nothing', async ({ skip }) => {
  if (!own) return skip('there is no daemon program beside this engine');
  await build(serving('never'));
  const { success, said } = await run(['python', '-c', 'raise SystemExit(3)']);
  expect(success).toBe(false);
  expect(said).toMatch(
    /✗ The migration `python -c .*` failed; app still runs \S+\/app\S* \(\d of \d\)/,
  );
  await shows('first');
}, 240_000);

test('an image that does not get healthy is rolled back while the old one answers', async ({
  skip,
}) => {
  if (!own) return skip('there is no daemon program beside this engine');
  await build(broken);
  let last = performance.now();
  let longestGapMs = 0;
  let stop = false;
  const load = (async () => {
    while (!stop) {
      const good = (await page()).includes('first');
      longestGapMs = Math.max(longestGapMs, performance.now() - last);
      if (good) last = performance.now();
      await sleep(50);
    }
  })();
  const { success, said } = await run(migrated);
  stop = true;
  await load;
  expect(success).toBe(false);
  expect(said).toMatch(/✗ The new image of \S+_app did not get healthy .*Swarm went back to/);
  expect(longestGapMs).toBeLessThan(2_000);
  await shows('first');
}, 300_000);

test('a good image takes its place', async ({ skip }) => {
  if (!own) return skip('there is no daemon program beside this engine');
  await build(serving('second'));
  expect(await run(migrated)).toEqual({ success: true, said: '' });
  await shows('second');
}, 240_000);

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address() as AddressInfo;
      server.close(() => resolve(free));
    });
  });
}
