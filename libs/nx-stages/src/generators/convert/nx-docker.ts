import { posix } from 'node:path';
import type { BuildSettings, Notes } from './note';
import { noSettings } from './note';
import { noteOther, takeBuildArg, takeDescription, takePlatforms, takeStage } from './settings';

/** What a target of the plugin `@nx/docker` may be given, in nx.json or in a project. */
export interface DockerTargetOptions {
  name?: string;
  args?: string[] | string;
  env?: Record<string, string>;
  envFile?: string;
  cwd?: string;
  skipDefaultTag?: boolean;
  configurations?: Record<string, unknown>;
}

const SHORT: Record<string, string> = { '-f': 'file', '-t': 'tag', '-q': 'quiet' };
/** Flags of `docker build` that stand alone. */
const SWITCHES = new Set(['load', 'push', 'quiet', 'no-cache', 'pull', 'sbom', 'provenance']);

/**
 * What the arguments of `docker build` mean that `@nx/docker` was given.
 *
 * @param root the project's, where `docker build .` ran
 * @see @nx/docker 23.2.1, plugins/plugin
 */
export function dockerSettings(
  options: DockerTargetOptions,
  root: string,
  notes: Notes,
): BuildSettings {
  const folder = options.cwd ?? root;
  const settings = noSettings();
  if (folder !== root) {
    settings.context = folder;
    notes.add('carried', 'cwd', `context of the targets: ${folder}`);
  }
  for (const [flag, value] of flagsOf(options.args)) {
    if (flag === 'build-arg') takeBuildArg(settings, notes, value);
    else if (flag === 'platform') takePlatforms(settings, notes, [value]);
    else if (flag === 'target') takeStage(settings, notes, value);
    else if (flag === 'tag') settings.tags.push(value);
    else if (flag === 'push') settings.push = true;
    else if (flag === 'file') {
      settings.dockerfile = posix.join(folder, value);
      notes.add('carried', 'file', `the targets of ${settings.dockerfile}`);
    } else if (flag === 'label' || flag === 'annotation')
      takeDescription(settings, notes, `${flag}s`, value);
    else if (flag === 'secret' || flag === 'ssh') takeSource(settings, notes, flag, value);
    else noteOther(notes, flag);
  }
  if (settings.push) notes.add('carried', 'push', 'docker-push, a target of its own');
  if (options.env || options.envFile) {
    notes.add('to-do', 'env', 'set what the build needs where Nx is started');
  }
  for (const name of Object.keys(options.configurations ?? {})) noteConfiguration(notes, name);
  return settings;
}

/** As BuildKit takes them, which is how docker-plan does. */
function takeSource(
  settings: BuildSettings,
  notes: Notes,
  flag: 'secret' | 'ssh',
  value: string,
): void {
  const option = flag === 'secret' ? 'secrets' : 'ssh';
  settings[option].push(value);
  notes.add('carried', option, `${option} of docker-plan: ${value}`);
}

export function noteConfiguration(notes: Notes, name: string): void {
  notes.add(
    'to-do',
    `configuration ${name}`,
    `write it again as configurations of docker-plan and docker-push, where it is still needed`,
  );
}

/** `['--tag x', '--build-arg=A=b', '-f', 'Dockerfile']` -> pairs of a flag's long name and its value. */
export function flagsOf(args: string[] | string = []): [flag: string, value: string][] {
  const words = [args]
    .flat()
    .flatMap((each) => each.trim().split(/\s+/))
    .filter(Boolean);
  const found: [string, string][] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const [, long, , value] = /^--([\w-]+)(=(.*))?$/.exec(word) ?? [];
    const flag = long ?? SHORT[word];
    // What is no flag is the context, which cwd tells.
    if (flag === undefined) continue;
    if (value !== undefined) found.push([flag, value]);
    else if (SWITCHES.has(flag)) found.push([flag, 'true']);
    else found.push([flag, words[(at += 1)] ?? '']);
  }
  return found;
}
