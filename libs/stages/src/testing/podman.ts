import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { debianFolder } from '@excel2doc/oci/testing/debian';

/** A Podman with images of its own; `env` is for whoever is to use it. */
export interface TestPodman {
  env: { PATH: string; NX_STAGES_ENGINE: 'podman' };
  remove(): Promise<void>;
}

/** Podman of the host's own release, and those of its libraries that a small host lacks. */
const PACKAGES = [
  ...['podman', 'conmon', 'runc', 'netavark', 'golang-github-containers-common'],
  ...['libgpgme11', 'libassuan0', 'libsubid4', 'libdevmapper1.02.1', 'libseccomp2', 'libglib2.0-0'],
];

/** The one that is installed; else, for root, Debian's packages, unpacked and not installed. */
export async function testPodman(): Promise<TestPodman> {
  const path = process.env['PATH'] ?? '';
  if (answers('podman')) {
    return { env: { PATH: path, NX_STAGES_ENGINE: 'podman' }, remove: () => Promise.resolve() };
  }
  const root = debianFolder('podman', PACKAGES, { holds: 'usr/bin/podman' });
  const folder = mkdtempSync(join(tmpdir(), 'podman-'));
  const bin = join(folder, 'bin');
  writeSettings(root, folder, bin);
  if (!answers(join(bin, 'podman')))
    throw new Error('nothing to test with: the unpacked podman does not run');
  return {
    env: { PATH: `${bin}${delimiter}${path}`, NX_STAGES_ENGINE: 'podman' },
    async remove() {
      // What Podman mounted, it takes off itself.
      execFileSync(join(bin, 'podman'), ['system', 'reset', '--force'], { stdio: 'ignore' });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function answers(podman: string): boolean {
  try {
    execFileSync(podman, ['info'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

function writeSettings(root: string, folder: string, bin: string): void {
  const machine = execFileSync('uname', ['-m'], { encoding: 'utf8' }).trim();
  const libraries = ['usr/lib', 'lib'].map((each) => join(root, each, `${machine}-linux-gnu`));
  const write = (name: string, text: string) => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  write(
    'containers.conf',
    [
      '[containers]',
      // Where bridges and firewalls cannot be set up, as in a sandbox, the host's network serves.
      'netns = "host"',
      // Podman asks for more than a sandbox's root may have.
      'default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]',
      '[engine]',
      // Debian 12's crun refuses the mixture of cgroup versions that some hosts have.
      'runtime = "runc"',
      `conmon_path = ["${join(bin, 'conmon')}"]`,
      `helper_binaries_dir = ["${join(root, 'usr/lib/podman')}"]`,
      'cgroup_manager = "cgroupfs"',
      'events_logger = "file"',
      '[engine.runtimes]',
      `runc = ["${join(bin, 'runc')}"]`,
      '[network]',
      'network_backend = "netavark"',
      '',
    ].join('\n'),
  );
  write(
    'storage.conf',
    `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/storage"\nrunroot = "${folder}/run"\n`,
  );
  write('registries.conf', 'unqualified-search-registries = []\n');
  // Below HOME: for this file there is no variable.
  write(
    'home/.config/containers/policy.json',
    '{ "default": [{ "type": "insecureAcceptAnything" }] }\n',
  );
  const variables = [
    `LD_LIBRARY_PATH=${libraries.join(':')}`,
    `HOME=${folder}/home`,
    `CONTAINERS_CONF=${folder}/containers.conf`,
    `CONTAINERS_STORAGE_CONF=${folder}/storage.conf`,
    `CONTAINERS_REGISTRIES_CONF=${folder}/registries.conf`,
  ];
  for (const name of ['usr/bin/podman', 'usr/bin/conmon', 'usr/sbin/runc']) {
    const program = join('bin', name.split('/').at(-1)!);
    write(program, `#!/bin/sh\nexport ${variables.join(' ')}\nexec ${join(root, name)} "$@"\n`);
    chmodSync(join(folder, program), 0o755);
  }
}
