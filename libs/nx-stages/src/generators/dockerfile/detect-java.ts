import { posix } from 'node:path';
import { GeneratorError } from '../generator-error';
import {
  bootVersion,
  gradleBuild,
  isApplication,
  unknownPlugin,
  withoutComments,
} from './gradle-build';
import { CATALOG } from './gradle-catalog';
import type { ProjectFacts, ProjectFiles } from './project-kind';
import { bootFacts } from './spring-boot';

/** One that is supported for long. */
const DEFAULT_VERSION = '21';
const DEFAULT_TOOL = { 'java-maven': '3.9', 'java-gradle': '8' };
type JavaKind = keyof typeof DEFAULT_TOOL;

/** Java: the build file says the version and whether Spring Boot packs it, else the sources what starts. */
export function javaFacts(files: ProjectFiles, root: string, kind: JavaKind): ProjectFacts {
  const { file, text, version, boot } =
    kind === 'java-maven' ? mavenFacts(files, root) : gradleFacts(files, root);
  const tool = toolVersion(files) ?? DEFAULT_TOOL[kind];
  const known = { kind, version, manifests: [file], detail: tool };
  if (boot !== undefined) return { ...known, ...bootFacts(files, boot, text, `${root}: ${file}`) };
  const program = mainClass(files, text, root);
  const command = ['java', '-cp', '/srv/app/own/*:/srv/app/lib/*', program];
  return { ...known, program, command };
}

interface Build {
  file: string;
  text: string;
  /** Of Java. */
  version: string;
  /** The version of Spring Boot where it packs the jar, `''` where it is not said. */
  boot: string | undefined;
}

function mavenFacts(files: ProjectFiles, root: string): Build {
  const file = 'pom.xml';
  const text = pomAt(files, file);
  refuseUnknown(text, `${root}: ${file}`);
  refuseParent(files, text, root);
  return { file, text, version: mavenJava(text), boot: mavenBoot(text) };
}

const pomAt = (files: ProjectFiles, path: string) =>
  (files.read(path) ?? '').replaceAll(/<!--[\s\S]*?-->/g, '');

function gradleFacts(files: ProjectFiles, root: string): Build {
  const build = gradleBuild(files, root);
  const { file, text } = build;
  refuseUnknown(text, `${root}: ${file}`);
  const boot = bootVersion(build, root);
  if (boot === undefined && !isApplication(build)) {
    const unknown = unknownPlugin(build);
    if (unknown !== undefined) {
      throw new GeneratorError(
        `${root}: ${file} names ${unknown}, which ${CATALOG} of the project does not have, so nothing says what is run`,
        'Put it there, or name the plugin by its id',
      );
    }
    throw new GeneratorError(
      `${root}: ${file} applies neither Spring Boot nor the plugin application, so nothing says what is run`,
      'Add one of them to its plugins',
    );
  }
  return { file, text, version: gradleJava(text), boot };
}

/** What is built in its own way, and what is no program. */
function refuseUnknown(text: string, at: string): void {
  const refuse = (what: string, hint: string) => {
    throw new GeneratorError(`${at} ${what}`, hint);
  };
  if (/io\.quarkus\b/.test(text))
    refuse('is of Quarkus, which packs in a way of its own', 'Take the Dockerfile that Quarkus writes (src/main/docker)'); // prettier-ignore
  if (/<modules>/.test(text)) refuse('is of several modules', BY_HAND);
  const packaging = /<packaging>\s*([\w-]+)/.exec(text)?.[1] ?? 'jar';
  if (packaging !== 'jar')
    refuse(`packs a ${packaging}, not a jar that is run`, 'Run the generator on a project that packs a jar'); // prettier-ignore
}

const BY_HAND =
  'Write the Dockerfile by hand, beside the pom.xml that lists the modules: `mvn --projects MODULE --also-make package` builds one with what it needs of the others';

/**
 * The image is built of the project's folder and nothing else.
 *
 * @see https://maven.apache.org/ref/current/maven-model/maven.html#class_parent: without a path it is `../pom.xml`,
 *   and what stands there counts where it is the one that is named
 */
function refuseParent(files: ProjectFiles, text: string, root: string): void {
  const parent = /<parent>([\s\S]*?)<\/parent>/.exec(text)?.[1];
  if (parent === undefined || /<relativePath>\s*<\/|<relativePath\s*\/>/.test(parent)) return;
  const path = elementOf(parent, 'relativePath') ?? '../pom.xml';
  const pom = posix.normalize(path.endsWith('.xml') ? path : `${path}/pom.xml`);
  const name = elementOf(parent, 'artifactId');
  const above = pomAt(files, pom).replace(/<parent>[\s\S]*?<\/parent>/, '');
  if (!pom.startsWith('../') || name === undefined || elementOf(above, 'artifactId') !== name)
    return;
  throw new GeneratorError(
    `${root}: pom.xml has its parent in ${posix.join(root, pom)}, outside the folder that the image is built of`,
    `${BY_HAND}; or take the parent from a repository, with <relativePath/>`,
  );
}

const elementOf = (text: string, name: string) =>
  new RegExp(`<${name}>\\s*([^<\\s]+)`).exec(text)?.[1];

/** `1.8` -> `8` */
const plainVersion = (text: string | undefined) => text?.replace(/^1\.(?=\d)/, '');

function mavenJava(text: string): string {
  const names = ['maven\\.compiler\\.release', 'release', 'java\\.version', 'maven\\.compiler\\.target', 'maven\\.compiler\\.source']; // prettier-ignore
  const found = names
    .map((name) => mavenValue(text, name))
    .find((value) => /^[\d.]+$/.test(value ?? ''));
  return plainVersion(found) ?? DEFAULT_VERSION;
}

/** The text of an element; where it is a property, that one's. */
function mavenValue(text: string, name: string): string | undefined {
  const value = elementOf(text, name);
  const property = /^\$\{([\w.-]+)\}$/.exec(value ?? '')?.[1];
  return property === undefined || property === name.replaceAll('\\', '')
    ? value
    : mavenValue(text, property.replaceAll('.', '\\.'));
}

function gradleJava(text: string): string {
  const found = [
    /JavaLanguageVersion\.of\(["']?(\d+)/,
    /jvmToolchain\(["']?(\d+)/,
    /(?:source|target)Compatibility\s*=\s*(?:JavaVersion\.VERSION_)?["']?(?:1[._](?=\d))?(\d+)/,
    /\brelease(?:\.set\(|\s*=\s*)(\d+)/,
  ].map((pattern) => pattern.exec(text)?.[1]);
  return found.find((value) => value !== undefined) ?? DEFAULT_VERSION;
}

/** Of the wrapper, which a project brings along so that all build it with the same. */
function toolVersion(files: ProjectFiles): string | undefined {
  const wrappers = [
    '.mvn/wrapper/maven-wrapper.properties',
    'gradle/wrapper/gradle-wrapper.properties',
  ];
  const text = wrappers.map((file) => files.read(file) ?? '').join('\n');
  return /distributionUrl=.*(?:apache-maven|gradle)-(\d+(?:\.\d+)*)-(?:bin|all)/.exec(text)?.[1];
}

/** The version of Spring Boot where it packs the jar, `''` where it is not said. */
function mavenBoot(text: string): string | undefined {
  if (!/<artifactId>\s*spring-boot-maven-plugin\s*</.test(text)) return undefined;
  const told =
    /<artifactId>\s*spring-boot-(?:starter-parent|dependencies|maven-plugin)\s*<\/artifactId>\s*<version>\s*([^<\s]+)/.exec(
      text,
    )?.[1];
  const property = /^\$\{([\w.-]+)\}$/.exec(told ?? '')?.[1];
  return (property ? mavenValue(text, property.replaceAll('.', '\\.')) : told) ?? '';
}

function mainClass(files: ProjectFiles, text: string, root: string): string {
  const said = ['mainClass', 'exec\\.mainClass', 'start-class', 'main\\.class']
    .map((name) => mavenValue(text, name))
    .concat(/\bmainClass(?:Name)?(?:\.set\(|\s*=\s*)["']([\w.$]+)["']/.exec(text)?.[1])
    .find((name) => /^[\w.$]+$/.test(name ?? ''));
  if (said !== undefined) return said;
  const found = [
    ...mainClasses(files, 'src/main/java', '.java'),
    ...mainClasses(files, 'src/main/kotlin', '.kt'),
  ];
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return first;
  throw new GeneratorError(
    first
      ? `${root}: several classes have a main method (${found.join(', ')})`
      : `${root}: no class below src/main has a main method`,
    first
      ? 'Name the one that is meant in the build file: <exec.mainClass> among the properties of pom.xml, or mainClass of application'
      : 'Run the generator on a project that is run, not on a library',
  );
}

function mainClasses(files: ProjectFiles, folder: string, ending: '.java' | '.kt'): string[] {
  return files.list(folder).flatMap((name) => {
    const path = posix.join(folder, name);
    if (!name.endsWith(ending)) return mainClasses(files, path, ending);
    const text = withoutComments(files.read(path) ?? '');
    const isMain =
      ending === '.java'
        ? /\bstatic\s+(?:final\s+)?void\s+main\s*\(/.test(text)
        : /^fun main\s*\(/m.test(text);
    const within = /^\s*package\s+([\w.]+)/m.exec(text)?.[1];
    const own = name.slice(0, -ending.length) + (ending === '.kt' ? 'Kt' : '');
    return isMain ? [within === undefined ? own : `${within}.${own}`] : [];
  });
}
