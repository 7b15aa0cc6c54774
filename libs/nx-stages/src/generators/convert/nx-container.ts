import type { BuildSettings, Notes } from './note';
import { noSettings } from './note';
import {
  noteOther,
  takeBuildArg,
  takeDescription,
  takePlatforms,
  takeSecret,
  takeStage,
  takeTagEntry,
} from './settings';

export const CONTAINER_EXECUTOR = '@nx-tools/nx-container:build';

/**
 * What the options of an `@nx-tools/nx-container:build` target mean.
 *
 * @see @nx-tools/nx-container 7.3.0, executors/build/schema.json
 */
export function containerSettings(options: Record<string, unknown>, notes: Notes): BuildSettings {
  const settings = noSettings();
  const taken: Record<string, (value: unknown) => void> = {
    file: (value) => {
      settings.dockerfile = String(value);
      notes.add('carried', 'file', `the targets of ${value}`);
    },
    context: (value) => {
      // Its templates know one word, the workspace's root.
      settings.context = String(value).replace(/\{\{\s*defaultContext\s*\}\}/g, '.');
      notes.add('carried', 'context', `context of the targets: ${settings.context}`);
    },
    'build-args': (value) => list(value).forEach((word) => takeBuildArg(settings, notes, word)),
    platforms: (value) => takePlatforms(settings, notes, list(value)),
    target: (value) => takeStage(settings, notes, String(value)),
    tags: (value) => void settings.tags.push(...list(value)),
    labels: (value) =>
      list(value).forEach((each) => takeDescription(settings, notes, 'labels', each)),
    secrets: (value) => list(value).forEach((each) => takeSecret(settings, notes, 'secrets', each)),
    'secret-files': (value) =>
      list(value).forEach((each) => takeSecret(settings, notes, 'secret-files', each)),
    ssh: (value) => takeSsh(settings, notes, list(value)),
    push: (value) => {
      settings.push = value === true;
      if (settings.push) notes.add('carried', 'push', 'docker-push, a target of its own');
    },
    metadata: (value) => takeMetadata(settings, notes, value as Record<string, unknown>),
  };
  for (const [name, value] of Object.entries(options)) {
    const take = taken[name];
    if (take) take(value);
    // What is off is what happens anyway.
    else if (value !== false && !(name === 'engine' && value === 'docker')) noteOther(notes, name);
  }
  return settings;
}

function takeMetadata(
  settings: BuildSettings,
  notes: Notes,
  metadata: Record<string, unknown>,
): void {
  for (const [name, value] of Object.entries(metadata)) {
    if (name === 'images') settings.tags.push(...list(value));
    else if (name === 'labels' || name === 'annotations')
      list(value).forEach((each) => takeDescription(settings, notes, name, each));
    else if (name === 'tags') list(value).forEach((each) => takeTagEntry(settings, notes, each));
    else noteOther(notes, `metadata.${name}`);
  }
}

function takeSsh(settings: BuildSettings, notes: Notes, agents: string[]): void {
  settings.ssh.push(...agents);
  notes.add('carried', 'ssh', `ssh of docker-plan: ${agents.join(', ')}`);
}

const list = (value: unknown) => (Array.isArray(value) ? value.map(String) : [String(value)]);
