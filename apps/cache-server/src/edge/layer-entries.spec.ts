import { expect, inject, it } from 'vitest';
import { nxArchive } from '../../test/archive';
import { nxWorkspace } from '../../test/nx-workspace';
import { temporaryFolder } from '../../test/temporary-folder';
import { put, testServer } from '../../test/test-server';

const layer = `sha256-${'a'.repeat(64)}`;
const absent = `sha256-${'b'.repeat(64)}`;

/** Asks the edge as nx-stages does, and prints the statuses. */
const script = `(async () => {
  const { NX_SELF_HOSTED_REMOTE_CACHE_SERVER: url, NX_SELF_HOSTED_REMOTE_CACHE_ACCESS_TOKEN: token } =
    process.env;
  const headers = { authorization: 'Bearer ' + token };
  const asked = [['HEAD', '${layer}'], ['GET', '${layer}'], ['HEAD', '${absent}'], ['GET', '1234']];
  const statuses = [];
  for (const [method, name] of asked)
    statuses.push((await fetch(url + '/v1/cache/' + name, { method, headers })).status);
  const stranger = await fetch(url + '/v1/cache/${layer}', { method: 'HEAD' });
  console.log('statuses ' + [...statuses, stranger.status].join());
})()`;

it(
  'the edge gives layers, which are no task’s output, and says whether the upstream has one',
  { timeout: 240_000 },
  async () => {
    const server = await testServer();
    const workspace = await nxWorkspace('23.2.1', 1);
    const cacheHome = await temporaryFolder();
    const edge = (command: string[]) =>
      workspace.start([inject('mainFile'), 'edge', '--upstream', server.url, '--', ...command], {
        EXCEL2DOC_CACHE_TOKEN: server.tokens.main,
        XDG_CACHE_HOME: cacheHome,
      }).ended;
    // From now on it knows where this workspace's tasks put their outputs.
    const built = await edge([process.execPath, workspace.nxFile, 'run-many', '-t', 'build']);
    expect(built.status, built.output).toBe(0);
    const archive = await nxArchive({ [`layers/${layer}`]: 'a layer' });
    for (const name of [layer, '1234'])
      expect((await put(server.url, server.tokens.main, name, archive)).status).toBe(200);

    const { output } = await edge([process.execPath, '-e', script]);
    // What a task of Nx would unpack there is refused.
    expect(/statuses (.*)/.exec(output)?.[1], output).toBe('200,200,404,404,401');
  },
);
