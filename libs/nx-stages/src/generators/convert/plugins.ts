import type { NxJsonConfiguration } from '@nx/devkit';
import { type PluginOptions, type ResolvedOptions, resolveOptions } from '@excel2doc/stages';
import type { DockerTargetOptions } from './nx-docker';
import type { Notes } from './note';

const OWN = '@excel2doc/nx-stages';
const OLD = ['@nx/docker', '@nx-tools/nx-container'];

type Plugin = NonNullable<NxJsonConfiguration['plugins']>[number];
type PluginEntry = Exclude<Plugin, string>;

/** What nx.json said to `@nx/docker`. */
export interface DockerPlugin {
  build: DockerTargetOptions;
}

/** The plugins of nx.json with this one in the place of the other two, and what those were told. */
export function convertPlugins(
  nxJson: NxJsonConfiguration,
  notes: Notes,
): { plugins: Plugin[]; docker: DockerPlugin | undefined; resolved: ResolvedOptions } {
  const entries = (nxJson.plugins ?? []).map(entryOf);
  const old = entries.filter(({ plugin }) => OLD.includes(plugin));
  const own = entries.find(({ plugin }) => plugin === OWN);
  const registry = registryOf(old, nxJson, notes);
  const options: PluginOptions = { ...(registry && { registry }), ...(own?.options as object) };
  for (const { plugin } of old) {
    notes.add('carried', `plugin ${plugin}`, `${OWN} infers the targets`);
    notes.add('to-do', `plugin ${plugin}`, `uninstall the package ${plugin}`);
  }
  const [first] = old;
  const made: PluginEntry = {
    plugin: OWN,
    ...(first?.include && { include: first.include }),
    ...(first?.exclude && { exclude: first.exclude }),
    ...own,
    ...(Object.keys(options).length > 0 && { options }),
  };
  const others = (nxJson.plugins ?? []).filter(
    (each) => ![...OLD, OWN].includes(entryOf(each).plugin),
  );
  const dockerEntry = old.find(({ plugin }) => plugin === '@nx/docker');
  return {
    plugins: [...others, made],
    docker: dockerEntry && { build: buildOf(dockerEntry, notes) },
    resolved: resolveOptions(options),
  };
}

const entryOf = (plugin: Plugin): PluginEntry => (typeof plugin === 'string' ? { plugin } : plugin);

function registryOf(
  old: PluginEntry[],
  nxJson: NxJsonConfiguration,
  notes: Notes,
): string | undefined {
  const container = old.find(({ plugin }) => plugin === '@nx-tools/nx-container');
  const said = (container?.options as { defaultRegistry?: string } | undefined)?.defaultRegistry;
  const release = (nxJson.release as { docker?: { registryUrl?: string } } | undefined)?.docker;
  if (release) {
    notes.add(
      'to-do',
      'release.docker',
      'it loads @nx/docker: set release of the plugin and versionActions instead (docs/how-to/nx-release.md)',
    );
  }
  const registry = said ?? release?.registryUrl;
  if (registry === undefined || registry === 'docker.io') return undefined;
  notes.add('carried', 'registry', `registry of the plugin: ${registry}`);
  return registry;
}

function buildOf({ options }: PluginEntry, notes: Notes): DockerTargetOptions {
  const { buildTarget, runTarget } = (options ?? {}) as Record<
    string,
    string | DockerTargetOptions | undefined
  >;
  if (runTarget !== undefined) {
    notes.add('to-do', 'runTarget', 'its name is docker-run: ports and env in its options');
  }
  return typeof buildTarget === 'string' ? { name: buildTarget } : (buildTarget ?? {});
}
