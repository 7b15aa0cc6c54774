import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { readStages, serialisePlan } from '@excel2doc/dockerfile';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dockerTargets } from '../../infer/docker-targets';
import { DockerProject, makePlans, resolveOptions, stageTarget } from '@excel2doc/stages';

const repository = resolve(__dirname, '../../../../..');
const dockerfile = 'apps/backend/Dockerfile';
const lockFile = 'docker/images.lock.json';
const context = 'apps/backend';
/** What lies in a developer's checkout and not in git; .dockerignore leaves it out. */
const notInGit = /^(?:\.venv|__pycache__|\.(?:pytest|mypy|ruff)_cache|\.hypothesis|\.env)$/;

/** A workspace with a copy of this repository's backend, at the locked digests. */
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'backend-'));
  const filter = (path: string) => !notInGit.test(basename(path));
  for (const path of [context, lockFile])
    cpSync(join(repository, path), join(root, path), { recursive: true, filter });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const at = (file: string) => join(root, context, file);
const append = (file: string, text: string) => appendFileSync(at(file), `\n${text}\n`);

function replace(file: string, before: string | RegExp, after: string): void {
  const text = readFileSync(join(root, file), 'utf8');
  const changed = text.replace(before, after);
  expect(changed).not.toBe(text);
  writeFileSync(join(root, file), changed);
}

function moveBase(reference: string): void {
  const path = join(root, lockFile);
  const lock = JSON.parse(readFileSync(path, 'utf8'));
  lock.images[reference] = { digest: `sha256:${'5'.repeat(64)}` };
  writeFileSync(path, JSON.stringify(lock));
}

async function keys(buildArgs: Record<string, string>): Promise<Map<string, string>> {
  const project = { root, name: 'backend', folder: context };
  const options = { dockerfile, context, lockFile, buildArgs };
  const { plans } = await makePlans(new DockerProject(project, options));
  return new Map(plans.map((plan) => [plan.stage, serialisePlan(plan)]));
}

/** The stages that Nx would build again: those with another plan, and all that take their image. */
function rebuilt(changed: ReadonlySet<string>): string[] {
  const stages = readStages(readFileSync(at('Dockerfile'), 'utf8'));
  const location = {
    projectRoot: context,
    dockerfile,
    context,
    image: '',
    settings: { targets: [], files: [] },
    services: [],
    others: [],
  };
  const targets = dockerTargets(location, stages, resolveOptions());
  const again = new Set(changed);
  // Stages stand after those that they build on.
  for (const { name } of stages) {
    const globs = (targets[stageTarget(name)]?.inputs ?? []).map((input) =>
      typeof input === 'object' && 'dependentTasksOutputFiles' in input
        ? input.dependentTasksOutputFiles
        : '',
    );
    if ([...again].some((below) => globs.includes(`**/docker/${below}/**/image.json`)))
      again.add(name);
  }
  return stages.map(({ name }) => name).filter((name) => again.has(name));
}

interface Edit {
  what: string;
  edit: () => void;
  /** Whose plan changes. */
  plans: string[];
  /** Who is built again for that: these too, if the image below comes out another. */
  rebuilds: string[];
  /** Values of ARG REVISION before and after, where the case is about one. */
  revision?: [string, string];
}

const nothing = { plans: [], rebuilds: [] };
const edits: Edit[] = [
  {
    what: 'a comment in requirements.txt',
    edit: () => append('requirements.txt', '# why'),
    ...nothing,
  },
  { what: 'a new README', edit: () => writeFileSync(at('README.de.md'), 'neu'), ...nothing },
  {
    what: 'an edit of a test',
    edit: () => append('tests/conftest.py', '# edited'),
    plans: ['test', 'corpus'],
    rebuilds: ['test', 'corpus'],
  },
  {
    what: 'a line in .dockerignore that hides nothing new',
    edit: () => append('.dockerignore', '**/*.orig'),
    ...nothing,
  },
  {
    what: 'an edit of the stage test',
    edit: () => replace(dockerfile, 'CMD ["pytest"]', 'CMD ["pytest", "-x"]'),
    plans: ['test'],
    rebuilds: ['test'],
  },
  {
    what: 'the mode of one source file',
    edit: () => chmodSync(at('app/main.py'), statSync(at('app/main.py')).mode ^ 0o111),
    plans: ['test', 'bench', 'pdf', 'corpus', 'runner'],
    rebuilds: ['test', 'bench', 'pdf', 'corpus', 'runner'],
  },
  {
    what: 'the value of an ARG of runner',
    edit: () => undefined,
    revision: ['1', '2'],
    plans: ['runner'],
    rebuilds: ['runner'],
  },
  {
    what: 'a moved base of the images that run',
    edit: () => moveBase('python:3.12-slim-bookworm'),
    plans: ['deps'],
    rebuilds: ['deps', 'test', 'bench', 'office', 'pdf', 'corpus', 'runner'],
  },
  {
    what: 'a moved base of the toolchain',
    edit: () => moveBase('python:3.12-bookworm'),
    plans: ['toolchain', 'builder'],
    rebuilds: [
      'toolchain',
      'builder',
      'deps',
      'test',
      'bench',
      'office',
      'pdf',
      'corpus',
      'runner',
    ],
  },
  {
    what: 'a new package',
    edit: () => append('requirements.txt', `left-pad==1.0 --hash=sha256:${'0'.repeat(64)}`),
    plans: ['builder'],
    rebuilds: ['builder', 'deps', 'test', 'bench', 'office', 'pdf', 'corpus', 'runner'],
  },
];

test.each(edits)('$what: $rebuilds', async ({ edit, plans, rebuilds, revision }) => {
  if (revision) replace(dockerfile, /^FROM deps AS runner$/m, '$&\nARG REVISION');
  const [before, after] = revision ?? ['', ''];
  const old = await keys({ REVISION: before });
  edit();
  const now = await keys({ REVISION: after });
  const changed = [...now.keys()].filter((stage) => now.get(stage) !== old.get(stage));
  expect(changed).toEqual(plans);
  expect(rebuilt(new Set(changed))).toEqual(rebuilds);
});
