import { GeneratorError } from '../generator-error';
import { goFacts } from './detect-go';
import { javaFacts } from './detect-java';
import { nodeFacts } from './detect-node';
import { pythonFacts } from './detect-python';
import { refuseMember, rustFacts } from './detect-rust';
import type { Kind, ProjectFacts, ProjectFiles } from './project-kind';

/** What decides for each kind: the file that its package manager writes, or reads where it writes none. */
const MARKS: [file: string, kind: Kind][] = [
  ['go.mod', 'go'],
  ['uv.lock', 'python-uv'],
  ['poetry.lock', 'python-poetry'],
  ['requirements.txt', 'python-pip'],
  ['pnpm-lock.yaml', 'node-pnpm'],
  ['package-lock.json', 'node-npm'],
  // Below the others: what is written in these too may have one of them for a part of it.
  ['Cargo.lock', 'rust'],
  ['pom.xml', 'java-maven'],
  ['build.gradle.kts', 'java-gradle'],
  ['build.gradle', 'java-gradle'],
];

/** What somebody would get by looking: projects that have no lock file yet. */
const UNLOCKED: [file: string, command: string][] = [
  ['pyproject.toml', '`uv lock` or `poetry lock`'],
  ['package.json', '`npm install` or `pnpm install`'],
  ['Cargo.toml', '`cargo generate-lockfile`'],
];

/**
 * What is known of a project by its files.
 *
 * @param kind instead of what the files say
 * @throws GeneratorError when no file tells what it is, or its lock file is missing
 */
export function detect(files: ProjectFiles, root: string, kind?: Kind): ProjectFacts {
  const found = kind ?? MARKS.find(([file]) => files.has(file))?.[1];
  if (found === undefined) {
    const [file, command] = UNLOCKED.find(([name]) => files.has(name)) ?? [];
    if (file === 'Cargo.toml') refuseMember(files, root);
    throw new GeneratorError(
      file === undefined
        ? `${root}: no file says what it is built with (${MARKS.map(([name]) => name).join(', ')})`
        : `${root}: ${file} has no lock file beside it`,
      file === undefined
        ? 'Run the generator on a project that has one of them'
        : `Run ${command} there, commit the lock file, and try again`,
    );
  }
  const marks = MARKS.flatMap(([file, of]) => (of === found ? [file] : []));
  if (!marks.some((file) => files.has(file))) {
    if (found === 'rust') refuseMember(files, root);
    throw new GeneratorError(
      `${root}: ${found} needs ${marks.join(' or ')}, which is not there`,
      'Make it with the package manager, or choose another --kind',
    );
  }
  if (found === 'go') return goFacts(files);
  if (found === 'rust') return rustFacts(files, root);
  if (found === 'java-maven' || found === 'java-gradle') return javaFacts(files, root, found);
  return found.startsWith('node') ? nodeFacts(files, found) : pythonFacts(files, found);
}
