import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { debianFolder } from '@excel2doc/oci/testing/debian';

/** A private repository behind OpenSSH's own server, for who has the one key. */
export interface GitServer {
  /** `ssh://git@172.17.0.1:1234/srv/repo` */
  url: string;
  /** What a client checks the server by, as a line of known_hosts. */
  knownHosts: string;
  /** The private key's file. */
  key: string;
  stop(): void;
}

const NOBODY = 65534;
/** As Debian calls this machine. */
const MACHINE = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;

/**
 * sshd wants a user of its own where root starts it, so it is started by one who is not root; who that
 * is and which shell he has, nss_wrapper says.
 */
export function startGitServer(host: string, files: Record<string, string>): Promise<GitServer> {
  const debian = debianFolder('openssh-server', ['openssh-server', 'libnss-wrapper', 'libwrap0'], {
    holds: 'usr/sbin/sshd',
  });
  // Of its own: he has to be let into it.
  const folder = mkdtempSync(join(tmpdir(), 'nx-stages-git-'));
  const at = (name: string) => join(folder, name);
  for (const name of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', at(name)]);
  const own = process.getuid?.() === 0 ? NOBODY : (process.getuid?.() ?? NOBODY);
  mkdirSync(at('repo'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(at('repo'), name), text);
  const who = ['-c', 'user.name=e2e', '-c', 'user.email=e2e@localhost'];
  for (const args of [
    ['init', '-q', '-b', 'main'],
    ['add', '-A'],
    [...who, 'commit', '-qm', 'one'],
  ])
    execFileSync('git', args, { cwd: at('repo') });
  writeFileSync(at('authorized_keys'), readFileSync(at('user.pub')));
  writeFileSync(at('passwd'), `git:x:${own}:${own}::${folder}:/bin/sh\n`);
  writeFileSync(at('group'), `git:x:${own}:\n`);
  writeFileSync(
    at('sshd_config'),
    [
      ...[`HostKey ${at('host')}`, `AuthorizedKeysFile ${at('authorized_keys')}`],
      ...['PidFile none', 'StrictModes no', 'UsePAM no', 'AuthenticationMethods publickey', ''],
    ].join('\n'),
  );
  const programs = {
    sshd: 'usr/sbin/sshd',
    'libnss_wrapper.so': `usr/lib/${MACHINE}/libnss_wrapper.so`,
    'libwrap.so.0': `usr/lib/${MACHINE}/libwrap.so.0`,
  };
  for (const [name, path] of Object.entries(programs)) copyFileSync(join(debian, path), at(name));
  chmodSync(folder, 0o755);
  if (own === NOBODY) {
    execFileSync('chown', ['-R', `${own}:${own}`, folder]);
    // Whoever builds has it.
    chownSync(at('user'), 0, 0);
  }
  const env = {
    PATH: process.env['PATH'],
    LD_LIBRARY_PATH: folder,
    LD_PRELOAD: at('libnss_wrapper.so'),
    NSS_WRAPPER_PASSWD: at('passwd'),
    NSS_WRAPPER_GROUP: at('group'),
  };
  const serve = (socket: Socket) => {
    // One process a connection, as inetd does it: no port has to be guessed.
    spawn(at('sshd'), ['-i', '-f', at('sshd_config')], {
      env,
      stdio: [socket, socket, 'ignore'],
      ...(own === NOBODY && { uid: own, gid: own }),
    });
    socket.destroy();
  };
  const server = createServer({ pauseOnConnect: true }, serve);
  return new Promise((started) =>
    server.listen(0, host, () => {
      const { port } = server.address() as AddressInfo;
      const [type, value] = readFileSync(at('host.pub'), 'utf8').split(' ');
      started({
        url: `ssh://git@${host}:${port}${at('repo')}`,
        knownHosts: `[${host}]:${port} ${type} ${value}\n`,
        key: at('user'),
        stop: () => {
          server.close();
          rmSync(folder, { recursive: true, force: true });
        },
      });
    }),
  );
}
