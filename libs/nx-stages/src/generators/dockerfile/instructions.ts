import type { ProjectFacts } from './project-kind';

/** A RUN of several commands, one a line, each only after the one before it went well. */
export function run(commands: string[], mounts: string[] = []): string[] {
  const words = [
    ...mounts.map((mount) => `--mount=${mount} \\`),
    ...commands.map((command, at) => {
      const end = at < commands.length - 1 ? ' \\' : '';
      return `${at > 0 ? '&& ' : ''}${command}${end}`;
    }),
  ];
  return words.map((word, at) => {
    if (at === 0) return `RUN ${word}`;
    return word.startsWith('&& ') ? ` ${word}` : `    ${word}`;
  });
}

/** Packages of Debian, and nothing else of apt. */
export function installPackages(packages: readonly string[]): string[] {
  const install = `apt-get install --yes --no-install-recommends ${packages.join(' ')}`;
  // Lists, packages and logs are in no layer, so that nothing has to be deleted.
  const caches = ['/var/cache/apt', '/var/lib/apt/lists'].map(cacheMount);
  return run(['apt-get update', install], [...caches, 'type=tmpfs,target=/var/log']);
}

/** Kept between builds, and no part of the image. */
export function cacheMount(target: string): string {
  return `type=cache,target=${target}`;
}

/** Files that one RUN reads and no layer holds, in `folder`. */
export function bindMounts(files: string[], folder = '/src'): string[] {
  return files.map((file) => `type=bind,source=${file},target=${folder}/${file}`);
}

/** The exec form: no shell stands between the engine's signals and the program. */
export function cmd(words: string[]): string {
  return `CMD [${words.map((word) => JSON.stringify(word)).join(', ')}]`;
}

/** Asks over TCP, or HTTP where a path is known, with what every image has that has bash and grep. */
export function shellHealthcheck(
  { healthPath }: Pick<ProjectFacts, 'healthPath'>,
  port: number,
): string[] {
  const open = `exec 3<>/dev/tcp/127.0.0.1/${port}`;
  const question = `printf 'GET ${healthPath} HTTP/1.0\\r\\nHost: 127.0.0.1\\r\\n\\r\\n' >&3`;
  const answers = `head -n 1 <&3 | grep -q ' 2[0-9][0-9]'`;
  const ask = healthPath === undefined ? open : [open, question, answers].join(' && ');
  return [`HEALTHCHECK ${HEALTH_TIMES} \\`, `  ${cmd(['bash', '-c', ask])}`];
}

export const HEALTH_TIMES = '--interval=10s --timeout=3s --start-period=20s --retries=3';
