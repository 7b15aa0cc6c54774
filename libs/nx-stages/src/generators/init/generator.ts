import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { NX_VERSION, type Tree, readNxJson, updateNxJson } from '@nx/devkit';
import type { LockFile } from '@excel2doc/engine';
import {
  baseReferences,
  enginePlatform,
  inRegistries,
  lockText,
  type PluginOptions,
  resolveOptions,
  unlocked,
} from '@excel2doc/stages';
import { ignoreText } from './ignore-file';
import { withoutAdvertisement } from './quiet';
import { type Suggestion, suggestions } from './suggestions';
import {
  type Survey,
  type SurveyedDockerfile,
  ignoreFileOf,
  lastBuilds,
  measuredMs,
  survey,
} from './survey';
import { summaryText } from './summary';
import { refuseOtherNx } from './nx-version';

const PLUGIN = '@excel2doc/nx-stages';

/**
 * Sets a workspace up: what is missing is written, what is there is left as it is. Says what was
 * found, and what would be faster.
 */
export default async function init(tree: Tree, options: PluginOptions): Promise<void> {
  refuseOtherNx(NX_VERSION);
  const settings = addPlugin(tree, options);
  const { lockFile } = resolveOptions(settings);
  const found = await survey(tree, settings);
  for (const dockerfile of found.dockerfiles) addIgnoreFile(tree, dockerfile);
  const images = lockedImages(tree, found, lockFile);
  const suggested = await Promise.all(found.dockerfiles.map((each) => suggestionsFor(tree, each)));
  process.stdout.write(
    summaryText({
      survey: found,
      suggestions: suggested.flat(),
      unlocked: unlocked(Object.keys(images), images),
    }),
  );
}

/** The options that hold from now on: those that nx.json has already, else the ones given. */
function addPlugin(tree: Tree, given: PluginOptions): PluginOptions {
  const nxJson = readNxJson(tree) ?? {};
  const plugins = nxJson.plugins ?? [];
  const entry = plugins.find((each) => (typeof each === 'string' ? each : each.plugin) === PLUGIN);
  if (entry) return typeof entry === 'string' ? {} : ((entry.options ?? {}) as PluginOptions);
  const { imageName, lockFile, platforms, registry } = given;
  const options: PluginOptions = {
    ...(imageName && { imageName }),
    ...(lockFile && { lockFile }),
    ...(platforms && { platforms }),
    ...(registry && { registry }),
  };
  const isPlain = Object.keys(options).length === 0;
  const added = isPlain ? PLUGIN : { plugin: PLUGIN, options };
  updateNxJson(tree, { ...withoutAdvertisement(nxJson), plugins: [...plugins, added] });
  return options;
}

function addIgnoreFile(tree: Tree, { options, stages }: SurveyedDockerfile): void {
  if (stages.length === 0 || ignoreFileOf(tree, options)) return;
  tree.write(posix.join(options.context, '.dockerignore'), ignoreText(stages));
}

/** The lock as it is, or as it is written now: every base image, none with a digest yet. */
function lockedImages(tree: Tree, { dockerfiles }: Survey, lockFile: string): LockFile['images'] {
  const references = dockerfiles.flatMap(({ options, stages, ...named }) => {
    if (stages.length === 0) return [];
    const all = baseReferences(readFileSync(join(tree.root, options.dockerfile), 'utf8'), {
      file: options.dockerfile,
      platforms: options.platforms ?? [enginePlatform()],
      ...(options.buildArgs && { buildArgs: options.buildArgs }),
    });
    return inRegistries(all, named);
  });
  const named = Object.fromEntries(references.map((each) => [each, { digest: null }]));
  const text = tree.read(lockFile, 'utf8');
  if (text !== null) return { ...named, ...(JSON.parse(text) as LockFile).images };
  if (references.length > 0) tree.write(lockFile, lockText({ images: named }));
  return named;
}

async function suggestionsFor(tree: Tree, dockerfile: SurveyedDockerfile): Promise<Suggestion[]> {
  const { options, stages } = dockerfile;
  if (stages.length === 0) return [];
  return suggestions({
    dockerfile: options.dockerfile,
    text: readFileSync(join(tree.root, options.dockerfile), 'utf8'),
    stages,
    lastBuilds: await lastBuilds(tree.root, dockerfile),
    measuredMs: (stage) => measuredMs(tree.root, dockerfile, stage),
  });
}
