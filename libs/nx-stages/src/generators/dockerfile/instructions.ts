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

export const HEALTH_TIMES = '--interval=10s --timeout=3s --start-period=20s --retries=3';
