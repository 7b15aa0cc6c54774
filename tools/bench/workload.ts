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
    writeFileSync(join(folder, 'project.json'), '{ "name": "large" }\n');
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

/**
 * A Dockerfile whose steps are shared with nobody's who writes another mark into the same one: all use one
 * engine, and who comes second would find what the first has made, and its downloads.
 */
export function withOwnSteps(dockerfile: string, mark: string): string {
  return dockerfile
    .replace(/^FROM .*$/m, `$&\nENV BENCH=${mark}`)
    .replace(/--mount=type=cache,target=(\S+)/g, `--mount=type=cache,id=${mark}$1,target=$1`);
}
