import { posix } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { GeneratorError } from '../generator-error';
import type { ProjectFacts, ProjectFiles, SpringBoot } from './project-kind';

/**
 * What Spring Boot says of a project.
 *
 * @param version `''` where it is not said
 * @param build the text of the build file
 */
export function bootFacts(
  files: ProjectFiles,
  version: string,
  build: string,
  at: string,
): Partial<ProjectFacts> & Pick<ProjectFacts, 'command'> {
  const springBoot = bootOf(version, at);
  const command =
    springBoot.mode === 'tools' ? ['java', '-jar', 'app.jar'] : ['java', springBoot.launcher];
  const isServer = /spring-boot-starter-(?:web|webflux|webmvc|jersey|data-rest|graphql)\b/.test(
    build,
  );
  if (!isServer) return { command, springBoot };
  const settings = settingsOf(files);
  const port = portOf(settings.get('server.port') ?? '8080');
  const isWatched = build.includes('spring-boot-starter-actuator');
  const healthPath = isWatched ? healthPathOf(settings) : undefined;
  return {
    command,
    springBoot,
    ...(port !== undefined && { port }),
    ...(healthPath !== undefined && { healthPath }),
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

type Settings = ReadonlyMap<string, string>;

/** A number, or what stands for a variable that is not set: `${PORT:8081}`. Undefined for any other. */
function portOf(value: string): number | undefined {
  const port = Number(/^(?:\$\{[\w.-]+:)*(\d+)\}*$/.exec(value)?.[1] ?? 0);
  return port > 0 ? port : undefined;
}

/** Where the actuator says over plain HTTP, and on the port of the server, that all is well. */
function healthPathOf(settings: Settings): string | undefined {
  const get = (name: string) => settings.get(plain(name));
  const ownPort = get('management.server.port');
  const exposed = get('management.endpoints.web.exposure.include') ?? 'health';
  const isElsewhere =
    (ownPort !== undefined && ownPort !== get('server.port')) ||
    !/\bhealth\b|\*/.test(exposed) ||
    [...settings.keys()].some((name) => SWITCHES.test(name)) ||
    [...settings.keys()].some((name) => name.startsWith('server.ssl.'));
  if (isElsewhere) return undefined;
  const parts = [
    get('server.servlet.context-path') ?? get('spring.webflux.base-path') ?? '',
    get('management.endpoints.web.base-path') ?? '/actuator',
    'health',
  ];
  const path = posix.join('/', ...parts);
  return /^\/[\w./~-]*$/.test(path) ? path : undefined;
}

/** What may turn the endpoint off, or moves it. */
const SWITCHES =
  /^management\.(?:endpoint\.health\.(?:enabled|access)|endpoints\.(?:enabledbydefault|access\.|web\.(?:exposure\.exclude|pathmapping\.health)))/;

/** What is set for every profile, by plain names; later files stand above earlier ones. */
function settingsOf(files: ProjectFiles): Settings {
  const names = ['application.yaml', 'application.yml', 'application.properties'];
  const paths = ['', 'config/'].flatMap((folder) => names.map((name) => folder + name));
  return new Map(
    paths.flatMap((path) => {
      const text = files.read(`src/main/resources/${path}`) ?? '';
      return path.endsWith('.properties') ? ofProperties(text) : ofYaml(text);
    }),
  );
}

/** Spring takes `context-path` and `contextPath` for the same. */
const plain = (name: string) => name.toLowerCase().replaceAll(/[-_]/g, '');

type Setting = [name: string, value: string];

function ofProperties(text: string): Setting[] {
  const documents = text
    .split(/^[#!]---\s*$/m)
    .map((document) =>
      [...document.matchAll(/^[ \t]*([^#!\s=:][^\s=:]*)[ \t]*[=: \t][ \t]*(.*?)\s*$/gm)].map(
        ([, name, value]): Setting => [plain(name!), value!],
      ),
    );
  return documents.filter(isForAll).flat();
}

function ofYaml(text: string): Setting[] {
  // What Maven replaces while it packs: `@project.version@` is no YAML.
  const documents = parseAllDocuments(text.replaceAll(/@[\w.-]+@/g, 'packed'));
  return [...documents]
    .map((document) => flat(document.toJS()))
    .filter(isForAll)
    .flat();
}

const isForAll = (document: readonly Setting[]) =>
  !document.some(([name]) => /^spring\.(?:config\.activate\.|profiles$)/.test(name));

/** `{ server: { port: 1 } }` -> `server.port`, lists with commas. */
function flat(value: unknown, above = ''): Setting[] {
  if (Array.isArray(value)) return [[above, value.join(',')]];
  if (typeof value !== 'object' || value === null) return [[above, String(value ?? '')]];
  return Object.entries(value).flatMap(([name, each]) =>
    flat(each, above === '' ? plain(name) : `${above}.${plain(name)}`),
  );
}
