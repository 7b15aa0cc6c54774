import { posix } from 'node:path';
import { GeneratorError } from '../generator-error';
import { CATALOG, withCatalog } from './gradle-catalog';
import { type ProjectFiles, foldersAbove } from './project-kind';

/** What Gradle reads of a project, without comments and with the catalog's words written out. */
export interface GradleBuild {
  /** Name of the build file. */
  file: string;
  text: string;
  /** Undefined where the project has no settings of its own. */
  settings: string | undefined;
  /** What else may say versions: of the project's own plugins, and its properties. */
  plugins: string;
  properties: string;
}

/** @throws GeneratorError where the build needs what is outside the project */
export function gradleBuild(files: ProjectFiles, root: string): GradleBuild {
  const catalog = files.read(CATALOG) ?? '';
  const [file = 'build.gradle'] = scripts('build').filter((name) => files.has(name));
  const read = (names: string[]) => {
    const text = names.map((name) => files.read(name)).find((each) => each !== undefined);
    return text === undefined ? undefined : withCatalog(withoutComments(text), catalog);
  };
  const build = {
    file,
    text: read([file]) ?? '',
    settings: read(scripts('settings')),
    plugins: read(scripts('buildSrc/build')) ?? '',
    properties: files.read('gradle.properties') ?? '',
  };
  refuseOutside(files, root, build);
  return build;
}

const scripts = (name: string) => [`${name}.gradle.kts`, `${name}.gradle`];

/** Of Gradle, Java or Kotlin. A string may hold what begins a comment: the pattern `**\/*Test`. */
export const withoutComments = (text: string) =>
  text.replaceAll(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm,
    (_, string: string | undefined) => string ?? '',
  );

/** The image is built of the project's folder and nothing else. */
function refuseOutside(files: ProjectFiles, root: string, build: GradleBuild): void {
  const { file, text, settings } = build;
  const above = (names: string[]) =>
    foldersAbove(root)
      .flatMap((folder) => names.map((name) => posix.join(folder, name)))
      .find((path) => files.has(path));
  const refuse = (what: string, hint: string) => {
    throw new GeneratorError(
      `${root}: ${what}, outside the folder that the image is built of`,
      hint,
    );
  };
  const byHand = 'Write the Dockerfile by hand, in a folder that holds both';
  const out = /["']([^"'\n]*\.\.\/[^"'\n]*)["']|\b(includeFlat)\b/.exec(settings ?? '');
  const from = /\bapply\s*\(?\s*from\s*[:=]\s*["']([^"'\n]*\.\.\/[^"'\n]*)["']/.exec(text)?.[1];
  if (from !== undefined) refuse(`${file} applies ${from}`, byHand);
  if (out) refuse(`the settings of Gradle name ${out[1] ?? 'projects by includeFlat'}`, byHand);
  if (
    /\blibs\.[a-z]/.test(text) &&
    !files.has(CATALOG) &&
    !/\bversionCatalogs\b/.test(settings ?? '')
  ) {
    const catalog = above([CATALOG]);
    if (catalog !== undefined) refuse(`${file} takes libs of ${posix.join(root, catalog)}`, byHand);
  }
  if (settings !== undefined) return;
  const project =
    /\bproject\s*\(\s*(?:path\s*[:=]\s*)?["'](:[^"']+)/.exec(text)?.[1] ??
    /\b\w+\s*\(?\s*(projects\.\w[\w.]*)\s*\)?\s*$/m.exec(text)?.[1];
  const whole = above(scripts('settings'));
  const ofWhole = whole === undefined ? '' : ` of the build of ${posix.join(root, whole)}`;
  if (project !== undefined) refuse(`${file} needs the project ${project}${ofWhole}`, byHand);
  if (whole !== undefined && bootVersion(build, root) === '')
    refuse(
      `${file} takes the version of Spring Boot${ofWhole}`,
      `Name the version in ${file}, or write the Dockerfile by hand in the folder of that build`,
    );
}

const BOOT = 'org\\.springframework\\.boot["\']';

/**
 * The version of Spring Boot where it packs the jar, `''` where it is not said.
 *
 * @throws GeneratorError where it stands in a variable that nothing here sets
 */
export function bootVersion(build: GradleBuild, root: string): string | undefined {
  const { text, settings = '', plugins, file } = build;
  if (!new RegExp(BOOT).test(appliedPlugins(text))) return undefined;
  const all = [text, settings, plugins].join('\n');
  const told =
    new RegExp(`${BOOT}\\s*\\)?\\s*\\.?version\\b(.*)$`, 'm').exec(all)?.[1] ??
    /["']org\.springframework\.boot:spring-boot-gradle-plugin:([^\n]*)$/m.exec(all)?.[1];
  if (told === undefined) return '';
  const written = told.replace(/\bapply\b.*/, '');
  const plain = /^[\s("']*(\d[\w.-]*)/.exec(written)?.[1];
  if (plain !== undefined) return plain;
  const words = written.match(/[A-Za-z_][\w.]*/g) ?? [];
  const names = words.filter((word) => !/[pP]roperty$|^(?:as|String|get|toString)$/.test(word));
  const found = names
    .flatMap((name) => [name, name.slice(name.lastIndexOf('.') + 1)])
    .map((name) => variable(name, all, build.properties))
    .find((value) => /^\d/.test(value ?? ''));
  if (found !== undefined) return found;
  throw new GeneratorError(
    `${root}: the version of Spring Boot is that of ${names.at(-1) ?? written.trim()}, which neither ${file} nor gradle.properties beside it sets`,
    'Set it there, or write the version as a number, such as "3.5.8"',
  );
}

function variable(name: string, text: string, properties: string): string | undefined {
  const plain = name.replaceAll('.', '\\.');
  const inBuild = [
    `\\b${plain}\\s*=\\s*["']([^"']+)`,
    `["']${plain}["']\\s*\\]\\s*=\\s*["']([^"']+)`,
    `\\bset\\(\\s*["']${plain}["']\\s*,\\s*["']([^"']+)`,
    `\\b${plain}\\s+by\\s+extra\\s*\\(\\s*["']([^"']+)`,
  ].map((pattern) => new RegExp(pattern).exec(text)?.[1]);
  const inProperties = new RegExp(`^\\s*${plain}\\s*[=:]\\s*(\\S+)`, 'm').exec(properties)?.[1];
  return inBuild.find((value) => value !== undefined) ?? inProperties;
}

/** Whether the plugin application says what is run. */
export function isApplication({ text }: GradleBuild): boolean {
  return /\bapplication\b/.test(appliedPlugins(text));
}

/** A plugin that is named by a catalog which does not stand in the project, e.g. `libs.plugins.boot`. */
export function unknownPlugin({ text }: GradleBuild): string | undefined {
  return /\balias\s*\(?\s*(\w+\.plugins\.[\w.]+)/.exec(text)?.[1];
}

/** What `plugins { }` applies at once, and what stands after `apply plugin:`. */
function appliedPlugins(text: string): string {
  const applied = [...text.matchAll(/^\s*apply\s*(?:plugin:|\(\s*plugin\s*[:=]).*$/gm)];
  const block = /^\s*plugins\s*\{((?:\$\{[^}]*\}|[^}])*)\}/m.exec(text)?.[1] ?? '';
  const atOnce = block.split('\n').filter((line) => !/\bapply\s*\(?\s*false\b/.test(line));
  return [...atOnce, ...applied.map(([line]) => line)].join('\n');
}
