import { posix } from 'node:path';
import { type Tree, logger, readProjectConfiguration } from '@nx/devkit';
import { GeneratorError } from '../generator-error';
import { detect } from './detect';
import { goDockerfile } from './go-dockerfile';
import { ignoreFile } from './ignore-file';
import { javaDockerfile } from './java-dockerfile';
import { nodeDockerfile } from './node-dockerfile';
import type { Kind, ProjectFacts, ProjectFiles } from './project-kind';
import { pythonDockerfile } from './python-dockerfile';
import { rustDockerfile } from './rust-dockerfile';

export interface DockerfileOptions {
  project: string;
  kind?: Kind;
  /** Of the language, instead of what the project's files say. */
  languageVersion?: string;
  command?: string[];
  port?: number;
  healthPath?: string;
}

/** Writes a Dockerfile and a .dockerignore for a project that has none. */
export default function dockerfileGenerator(tree: Tree, options: DockerfileOptions): () => void {
  const { root } = readProjectConfiguration(tree, options.project);
  const dockerfile = posix.join(root, 'Dockerfile');
  if (tree.exists(dockerfile)) {
    throw new GeneratorError(
      `${dockerfile} is there already, and nothing is overwritten`,
      'Delete or rename it to have another one written',
    );
  }
  const facts = factsOf(tree, root, options);
  tree.write(dockerfile, dockerfileOf(facts));
  const ignore = posix.join(root, '.dockerignore');
  if (!tree.exists(ignore)) tree.write(ignore, ignoreFile(facts.kind));
  return () => {
    logger.info(`${dockerfile}: ${facts.kind} ${facts.version}, runs ${facts.command.join(' ')}`);
    logger.info(
      `Next: nx run ${options.project}:docker-lock, then nx run ${options.project}:docker-build`,
    );
  };
}

function factsOf(tree: Tree, root: string, options: DockerfileOptions): ProjectFacts {
  const { command, port, healthPath, languageVersion } = options;
  if (healthPath !== undefined && !/^\/[\w./~-]*$/.test(healthPath)) {
    throw new GeneratorError(
      `--healthPath=${healthPath} is no path`,
      'Give one that starts with a slash, such as /health',
    );
  }
  return {
    ...detect(filesOf(tree, root), root, options.kind),
    ...(command?.length && { command }),
    ...(port !== undefined && { port }),
    ...(healthPath !== undefined && { healthPath }),
    ...(languageVersion !== undefined && { version: languageVersion }),
  };
}

const WRITERS: Record<string, (facts: ProjectFacts) => string> = {
  go: goDockerfile,
  java: javaDockerfile,
  node: nodeDockerfile,
  python: pythonDockerfile,
  rust: rustDockerfile,
};

/** The text of the Dockerfile for a project of which this is known. */
export function dockerfileOf(facts: ProjectFacts): string {
  const [language = ''] = facts.kind.split('-');
  return WRITERS[language]!(facts);
}

function filesOf(tree: Tree, root: string): ProjectFiles {
  const at = (path: string) => posix.join(root, path);
  const isWithin = (path: string) => !/^\.\.(?:\/|$)/.test(at(path));
  return {
    has: (path) => isWithin(path) && tree.exists(at(path)),
    read: (path) =>
      isWithin(path) && tree.isFile(at(path))
        ? (tree.read(at(path), 'utf8') ?? undefined)
        : undefined,
    list: (folder) => (isWithin(folder) ? tree.children(at(folder)) : []),
  };
}
