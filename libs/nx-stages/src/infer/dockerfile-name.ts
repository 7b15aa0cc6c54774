import { basename, posix } from 'node:path';

/** What a file's name has to look like for `isDockerfile`, for Nx to look for. */
export const dockerfilePattern =
  '{Dockerfile,Dockerfile.*,*.Dockerfile,*.dockerfile,Containerfile}';

// `Dockerfile.dockerignore` is BuildKit's; the others are no Dockerfiles yet.
const OTHER =
  /\.(dockerignore|md|txt|j2|jinja2?|tmpl|tpl|template|erb|mustache|hbs|bak|orig|rej|swp|ts|js|py|go|json|ya?ml)$/i;

export function isDockerfile(file: string): boolean {
  const name = basename(file);
  return /^(Dockerfile(\..+)?|.+\.dockerfile|Containerfile)$/i.test(name) && !OTHER.test(name);
}

/**
 * Names for the Dockerfiles of one project, by file: undefined for its main one, whose targets have
 * the plain names. The main one is called Dockerfile (or Containerfile) and lies nearest to the
 * project's root; another is called by what its name adds, or by the folder that it lies in.
 */
export function variants(
  files: readonly string[],
  projectRoot: string,
): Map<string, string | undefined> {
  const rank = (file: string) =>
    file.split('/').length + (/^Containerfile$/i.test(basename(file)) ? 0.5 : 0);
  const byDepth = [...files].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  const main = byDepth.find((file) => ownName(file) === '');
  const names = new Map<string, string | undefined>();
  for (const file of byDepth) {
    if (file === main) names.set(file, undefined);
    else {
      const folders = posix.relative(projectRoot, posix.dirname(file)).split('/');
      const telling = folders.filter((folder) => !/^(|\.?docker|dockerfiles|build)$/.test(folder));
      const [short, long] = [telling, folders].map((each) => nameOf([...each, ownName(file)]));
      const isTaken = [...names.values()].includes(short);
      // A Containerfile beside a Dockerfile adds no name of its own.
      names.set(file, (isTaken ? long : short) || basename(file).toLowerCase());
    }
  }
  return names;
}

/** A name for what a service of that name builds of a Dockerfile, beside what others build of it. */
export function variantOf(
  own: string | undefined,
  service: string,
  taken: ReadonlySet<string | undefined>,
): string {
  const name = nameOf([own ?? '', service]);
  const free = (number: number): string =>
    taken.has(`${name}-${number}`) ? free(number + 1) : `${name}-${number}`;
  return taken.has(name) ? free(2) : name;
}

function nameOf(parts: string[]): string {
  const name = parts.filter(Boolean).join('-');
  return name.replaceAll(/[^\p{L}\p{N}_.-]/gu, '-').toLowerCase();
}

/** `worker` of Dockerfile.worker and worker.Dockerfile. */
function ownName(file: string): string {
  const name = basename(file);
  return /^(Dockerfile|Containerfile)$/i.test(name)
    ? ''
    : name.replace(/^Dockerfile\./i, '').replace(/\.dockerfile$/i, '');
}
