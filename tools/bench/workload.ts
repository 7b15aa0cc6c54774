import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../workspace';

/** What is built: a project of the workspace, and the same files for those who know no workspace. */
export interface Workload {
  project: string;
  /** Relative to the folder that it is put into. */
  sourceFile: string;
  /** What `runner` stands on, and it, in the order in which they are built. */
  stages: string[];
  write(folder: string): void;
}

const largeDockerfile = (sizeMiB: number) => `FROM python:3.12-slim-bookworm AS deps
RUN mkdir /opt/deps \\
 && for part in $(seq ${sizeMiB / 32}); do head -c 33554432 /dev/urandom > /opt/deps/$part; done
WORKDIR /srv

FROM deps AS runner
COPY app app
CMD ["python3", "-m", "app"]
`;

/** This repository's backend. */
export const backend: Workload = {
  project: 'backend',
  sourceFile: 'app/main.py',
  stages: ['builder', 'deps', 'runner'],
  write: (folder) =>
    cpSync(join(workspaceRoot, 'apps/backend'), folder, {
      recursive: true,
      filter: (path) => !/__pycache__|\.venv|node_modules/.test(path),
    }),
};

/** A small application on dependencies of `sizeMiB`, which do not compress. */
export const large = (sizeMiB: number): Workload => ({
  project: 'large',
  sourceFile: 'app/__main__.py',
  stages: ['deps', 'runner'],
  write: (folder) => {
    mkdirSync(join(folder, 'app'), { recursive: true });
    writeFileSync(join(folder, 'Dockerfile'), largeDockerfile(sizeMiB));
    for (let each = 0; each < 100; each += 1)
      writeFileSync(join(folder, 'app', `part${each}.py`), `# ${each}\n`.repeat(200));
    writeFileSync(join(folder, 'app/__main__.py'), 'print("hello")\n');
  },
});

/** Those who know no stand-ins find the base images in the engine, under the names they have there. */
export function nameBases(folder: string, names: Readonly<Record<string, string>>): void {
  const file = join(folder, 'Dockerfile');
  const text = Object.entries(names).reduce(
    (all, [reference, name]) => all.replaceAll(`FROM ${reference} `, `FROM ${name} `),
    readFileSync(file, 'utf8'),
  );
  writeFileSync(file, text);
}

/** What every base image is given first of all; its text is another one for each way. */
const MARK_FILE = 'bench-mark';

/**
 * Makes the steps and the cache mounts of a folder's Dockerfile its own: all ways use one engine, and who
 * comes second would find what the first has made, and its downloads.
 *
 * @param mark that no other folder has
 */
export function ownSteps(folder: string, mark: string): void {
  const file = join(folder, 'Dockerfile');
  writeFileSync(file, withOwnSteps(readFileSync(file, 'utf8'), mark));
  writeFileSync(join(folder, MARK_FILE), `${mark}\n`);
}

/**
 * The Dockerfile of such a folder. A file is copied, as BuildKit knows steps by those before them and what
 * is copied by its content: an environment alone would leave a COPY from another stage to be found.
 */
export function withOwnSteps(dockerfile: string, mark: string): string {
  const stages = new Set<string>();
  return dockerfile
    .replace(/^FROM (?:--\S+ )*(\S+)(?: AS (\S+))?$/gim, (from, base: string, name?: string) => {
      const isBelow = stages.has(base.toLowerCase());
      if (name) stages.add(name.toLowerCase());
      return isBelow ? from : `${from}\nCOPY ${MARK_FILE} /${MARK_FILE}`;
    })
    .replace(/--mount=(\S+)/g, (flag, options: string) => ownMount(flag, options.split(','), mark));
}

function ownMount(flag: string, options: string[], mark: string): string {
  if (!options.includes('type=cache')) return flag;
  const valueOf = (name: RegExp) => options.find((each) => name.test(each))?.replace(name, '');
  const id = valueOf(/^id=/) ?? valueOf(/^(target|dst|destination)=/) ?? '';
  const others = options.filter((each) => !each.startsWith('id='));
  return `--mount=${[...others, `id=${mark}${id.replaceAll('/', '-')}`].join()}`;
}
