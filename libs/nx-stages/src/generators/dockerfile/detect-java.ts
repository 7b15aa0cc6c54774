import { posix } from 'node:path';
import { GeneratorError } from '../generator-error';
import type { ProjectFacts, ProjectFiles, SpringBoot } from './project-kind';

/** One that is supported for long. */
const DEFAULT_VERSION = '21';
const DEFAULT_TOOL = { 'java-maven': '3.9', 'java-gradle': '8' };
type JavaKind = keyof typeof DEFAULT_TOOL;

/** Java: the build file says the version and whether Spring Boot packs it, else the sources what starts. */
export function javaFacts(files: ProjectFiles, root: string, kind: JavaKind): ProjectFacts {
  const isMaven = kind === 'java-maven';
  const file = buildFile(files, isMaven);
  const source = files.read(file) ?? '';
  const text = isMaven ? source.replaceAll(/<!--[\s\S]*?-->/g, '') : withoutComments(source);
  const version = isMaven ? mavenJava(text) : gradleJava(text);
  refuseUnknown(text, `${root}: ${file}`);
  const tool = toolVersion(files) ?? DEFAULT_TOOL[kind];
  const known = { kind, version, manifests: [file], detail: tool };
  const boot = isMaven ? mavenBoot(text) : gradleBoot(text);
  if (boot !== undefined) return { ...known, ...bootFacts(boot, text, `${root}: ${file}`) };
  if (!isMaven && !/\bapplication\b/.test(pluginsOf(text))) {
    throw new GeneratorError(
      `${root}: ${file} has neither Spring Boot nor the plugin application, so nothing says what is run`,
      'Add one of them to its plugins',
    );
  }
  const program = mainClass(files, text, root);
  const command = ['java', '-cp', '/srv/app/own/*:/srv/app/lib/*', program];
  return { ...known, program, command };
}

const buildFile = (files: ProjectFiles, isMaven: boolean) =>
  isMaven ? 'pom.xml' : files.has('build.gradle.kts') ? 'build.gradle.kts' : 'build.gradle';

/** Of Gradle, Java or Kotlin. A string may hold what begins a comment: the pattern `**\/*Test`. */
const withoutComments = (text: string) =>
  text.replaceAll(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm,
    (_, string: string | undefined) => string ?? '',
  );

/** What is built in its own way, and what is no program. */
function refuseUnknown(text: string, at: string): void {
  const refuse = (what: string, hint: string) => {
    throw new GeneratorError(`${at} ${what}`, hint);
  };
  if (/io\.quarkus\b/.test(text))
    refuse('is of Quarkus, which packs in a way of its own', 'Take the Dockerfile that Quarkus writes (src/main/docker)'); // prettier-ignore
  if (/<modules>/.test(text))
    refuse('is of several modules', 'Run the generator on a project whose own pom.xml packs the program'); // prettier-ignore
  const packaging = /<packaging>\s*([\w-]+)/.exec(text)?.[1] ?? 'jar';
  if (packaging !== 'jar')
    refuse(`packs a ${packaging}, not a jar that is run`, 'Run the generator on a project that packs a jar'); // prettier-ignore
}

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
  const value = new RegExp(`<${name}>\\s*([^<\\s]+)`).exec(text)?.[1];
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

function gradleBoot(text: string): string | undefined {
  const found = /org\.springframework\.boot["']\s*\)?\s*(?:version\s*\(?["']([\d.]+))?/.exec(
    pluginsOf(text),
  );
  return found ? (found[1] ?? '') : undefined;
}

/** What stands in `plugins { }`, and after `apply plugin:`. */
function pluginsOf(text: string): string {
  const applied = [...text.matchAll(/^\s*apply plugin:.*$/gm)].map(([line]) => line);
  return [/^\s*plugins\s*\{([^}]*)\}/m.exec(text)?.[1] ?? '', ...applied].join('\n');
}

function bootFacts(
  version: string,
  text: string,
  at: string,
): Partial<ProjectFacts> & Pick<ProjectFacts, 'command'> {
  // prettier-ignore
  const springBoot = bootOf(version, at);
  const command =
    springBoot.mode === 'tools' ? ['java', '-jar', 'app.jar'] : ['java', springBoot.launcher];
  const isServer = /spring-boot-starter-(?:web|webflux|webmvc|jersey|data-rest|graphql)\b/.test(
    text,
  );
  const isWatched = isServer && text.includes('spring-boot-starter-actuator');
  return {
    command,
    springBoot,
    ...(isServer && { port: 8080 }),
    ...(isWatched && { healthPath: '/actuator/health' }),
  };
}

/**
 * One that does not say its version is taken for a new one.
 *
 * @see https://docs.spring.io/spring-boot/reference/packaging/efficient.html
 */
function bootOf(version: string, at: string): SpringBoot {
  const [major = NaN, minor = NaN] = version === '' ? [] : version.split('.').map(Number);
  const isBefore = (...[wanted, least]: [number, number]) =>
    major < wanted || (major === wanted && minor < least);
  if (isBefore(2, 3)) {
    throw new GeneratorError(
      `${at}: Spring Boot ${version} makes no jar of layers`,
      'Take 2.3 or newer, or write the Dockerfile by hand',
    );
  }
  const loader = 'org.springframework.boot.loader';
  if (isBefore(3, 2)) return { mode: 'layertools', launcher: `${loader}.JarLauncher` };
  if (isBefore(3, 3)) return { mode: 'layertools', launcher: `${loader}.launch.JarLauncher` };
  return { mode: 'tools' };
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
