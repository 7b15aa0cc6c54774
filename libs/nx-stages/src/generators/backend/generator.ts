import { randomBytes } from 'node:crypto';
import { join, posix } from 'node:path';
import { type Tree, addProjectConfiguration, generateFiles, logger, readNxJson } from '@nx/devkit';
import { imageName } from '../../infer/docker-targets';
import { type PluginOptions, resolveOptions } from '@excel2doc/stages';
import { GeneratorError } from '../generator-error';
import { type Framework, FRAMEWORKS } from './frameworks';

export interface BackendOptions {
  name: string;
  directory?: string;
  framework?: Framework;
  port?: number;
}

/** Services beside the backend's own. */
const TAKEN = ['migrate', 'postgres', 'redis', 'test'];
const PLUGIN = '@excel2doc/nx-stages';

/** Writes a backend: service, migrations, tests, Dockerfile, Compose files, project.json. */
export default function backendGenerator(tree: Tree, options: BackendOptions): () => void {
  const { name, framework = 'fastapi', port = 8000 } = options;
  if (!/^[a-z][a-z0-9-]*$/.test(name)) {
    throw new GeneratorError(
      `"${name}" is no name for a backend`,
      'Take small letters, digits and dashes, a letter first: image, database and host get it too',
    );
  }
  if (TAKEN.includes(name)) {
    throw new GeneratorError(
      `"${name}" is another service of the Compose file that is written`,
      'Take another name',
    );
  }
  const root = posix.normalize(options.directory ?? `apps/${name}`);
  if (root.startsWith('..') || posix.isAbsolute(root)) {
    throw new GeneratorError(
      `--directory=${options.directory} is outside of the workspace`,
      'Give a folder relative to its root',
    );
  }
  if (tree.exists(root) && tree.children(root).length > 0) {
    throw new GeneratorError(
      `${root} is not empty, and nothing is overwritten`,
      'Give another --directory, or another name',
    );
  }
  const { templates, ...shape } = FRAMEWORKS[framework];
  const variable = name.replaceAll('-', '_').toUpperCase();
  const values = {
    name,
    framework,
    port,
    dot: '.',
    ...shape,
    image: imageName(pluginOptions(tree), name),
    database: name.replaceAll('-', '_'),
    tagVariable: `${variable}_TAG`,
    portVariable: `${variable}_PORT`,
    migrate: shape.migrate ?? ['alembic', 'upgrade', 'head'],
    // Hex: they stand in URLs.
    secrets: Array.from({ length: 6 }, () => randomBytes(24).toString('hex')),
  };
  for (const folder of ['service', ...templates]) {
    generateFiles(tree, join(__dirname, 'files', folder), root, values);
  }
  addProjectConfiguration(tree, name, {
    root,
    projectType: 'application',
    sourceRoot: posix.join(root, 'app'),
    targets: shape.migrate
      ? { 'compose-up': { options: { migrate: shape.migrate, migrationService: 'migrate' } } }
      : {},
  });
  return () => {
    logger.info(`Next: nx run ${name}:docker-lock, then nx run ${name}:compose-up`);
    logger.info(`${root}/.env holds new passwords; git leaves it out`);
  };
}

/** What nx.json says to the plugin: the image must be named as the plugin will name it. */
function pluginOptions(tree: Tree) {
  const entries = readNxJson(tree)?.plugins ?? [];
  const entry = entries.find((each) => typeof each === 'object' && each.plugin === PLUGIN);
  return resolveOptions(typeof entry === 'object' ? (entry.options as PluginOptions) : undefined);
}
