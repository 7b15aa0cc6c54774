import { join } from 'node:path';
import { readJson, type Tree } from '@nx/devkit';
import { type AfterAllProjectsVersioned, VersionActions } from 'nx/release';
import { runTargets } from '@excel2doc/stages';
import { imagesOf } from './images';
import { recordImages } from './record-images';

interface Versioned {
  name: string;
  folder: string;
  version: string;
  targets: Parameters<typeof imagesOf>[0];
}

/** What this run of `nx release` has given a version. */
const versioned: Versioned[] = [];

/**
 * How `nx release` gives a version to a project that is an image: git's tags hold it, and a
 * package.json where the project has one.
 */
export default class ImageVersionActions extends VersionActions {
  validManifestFilenames = ['package.json'];

  /** Before anything is changed: that it can be pushed. */
  override async validate(tree: Tree): Promise<void> {
    await super.validate(tree);
    imagesOf(this.targets);
  }

  async readCurrentVersionFromSourceManifest(tree: Tree) {
    const manifestPath = this.manifest;
    const version = tree.exists(manifestPath)
      ? readJson<{ version?: string }>(tree, manifestPath).version
      : undefined;
    if (version !== undefined) return { manifestPath, currentVersion: version };
    // Asked for with --first-release alone: then there was none before.
    return { manifestPath: 'none, for it is the first', currentVersion: '0.0.0' };
  }

  async readCurrentVersionFromRegistry() {
    // A registry does not say which of its tags are versions, nor which is the newest.
    return null;
  }

  async readCurrentVersionOfDependency() {
    // An image names another by its digest: no version of it stands anywhere.
    return { currentVersion: null, dependencyCollection: null };
  }

  async updateProjectVersion(tree: Tree, newVersion: string): Promise<string[]> {
    const { name, data } = this.projectGraphNode;
    versioned.push({ name, folder: data.root, version: newVersion, targets: this.targets });
    const lines: string[] = [];
    for (const { manifestPath } of this.manifestsToUpdate) {
      const text = tree.read(manifestPath, 'utf8') ?? '';
      // The rest of the file stays as it is written.
      const changed = text.replace(/("version"\s*:\s*")[^"]*"/, `$1${newVersion}"`);
      if (changed === text) continue;
      tree.write(manifestPath, changed);
      lines.push(`✍️  New version ${newVersion} written to manifest: ${manifestPath}`);
    }
    for (const { repository } of imagesOf(this.targets))
      lines.push(`🏷️  Image ${repository}:${newVersion}`);
    return lines;
  }

  async updateProjectDependencies(): Promise<string[]> {
    return [];
  }

  private get targets() {
    return this.projectGraphNode.data.targets ?? {};
  }

  private get manifest(): string {
    return join(this.projectGraphNode.data.root, 'package.json');
  }
}

/**
 * Builds the images of what got a version, now that all files say so: their digests are what the
 * change log names, and what is pushed. Mostly all stages are hits.
 */
export const afterAllProjectsVersioned: AfterAllProjectsVersioned = async (cwd, { dryRun }) => {
  const nothing = { changedFiles: [], deletedFiles: [] };
  const projects = versioned.splice(0);
  if (dryRun || projects.length === 0) return nothing;
  const made = projects.flatMap(({ name, targets }) =>
    imagesOf(targets).map(({ made }) => `${name}:${made}`),
  );
  await runTargets(cwd, made);
  for (const { name, folder, version, targets } of projects)
    await recordImages({ root: cwd, name, folder, targets }, version);
  return nothing;
};
