import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shell } from '../../shell';
import { cache, type Language, statesOf } from './language';

/** Some 45 MB when they are installed. */
const PACKAGES = [
  ...['fastapi==0.115.6', 'sqlalchemy==2.0.36', 'lxml==5.3.0'],
  ...['cryptography==44.0.0', 'pillow==11.0.0'],
];
/** Pure, and without dependencies of their own. */
const ADDED = [
  ...['pluggy==1.5.0', 'sortedcontainers==2.4.0', 'packaging==24.2', 'attrs==24.3.0'],
  ...['pathspec==0.12.1', 'iniconfig==2.0.0', 'tabulate==0.9.0'],
];

const BUILDER = 'python:3.12-bookworm';
const RUNNER = 'python:3.12-slim-bookworm';

function python(
  name: string,
  tool: string,
  install: (url: string) => string[],
  others: string[] = [],
) {
  return {
    name,
    bases: [BUILDER, RUNNER],
    others,
    async prepare(folder: string, _url: string, states: number) {
      const packages = statesOf(PACKAGES, ADDED, states);
      const all = [...packages.at(-1)!, tool];
      const files = join(folder, 'files');
      await shell`python3 -m pip download --quiet --only-binary :all: --dest ${files} ${all}`;
      writeIndex(folder);
      return packages.map((each) => ({ 'requirements.txt': `${each.join('\n')}\n` }));
    },
    dockerfile: (url: string) => `FROM ${BUILDER} AS toolchain
ENV PIP_INDEX_URL=${url}/simple/ PIP_TRUSTED_HOST=${new URL(url).hostname} \\
    PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /opt/venv \\
 && /opt/venv/bin/pip install --quiet --no-cache-dir --no-compile ${tool}

FROM toolchain AS builder
${install(url).join('\n')}

FROM ${RUNNER} AS runner
COPY --from=builder /opt/venv /opt/venv
COPY app /app
`,
  } satisfies Language;
}

/** @see PyPA specifications, "Simple repository API" */
function writeIndex(folder: string): void {
  const files = join(folder, 'files');
  const wheels = readdirSync(files);
  const projectOf = (wheel: string) =>
    wheel
      .split('-')[0]!
      .toLowerCase()
      .replace(/[-_.]+/g, '-');
  for (const project of new Set(wheels.map(projectOf))) {
    const own = wheels.filter((wheel) => projectOf(wheel) === project);
    const links = own.map(
      (wheel) => `<a href="/files/${wheel}#sha256=${sha256Of(join(files, wheel))}">${wheel}</a>`,
    );
    mkdirSync(join(folder, 'simple', project), { recursive: true });
    const page = `<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`;
    writeFileSync(join(folder, 'simple', project, 'index.html'), page);
  }
}

const sha256Of = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');

const BIND = '--mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt';

/** Debian's own has no cache of a file each, as those from 23.3 on have. */
export const pip = python('pip', 'pip==25.3', () => [
  `RUN ${cache('/root/.cache/pip')} ${BIND} \\`,
  '    /opt/venv/bin/pip install --no-compile -r /tmp/requirements.txt',
]);

const UV_CACHE = '/root/.cache/uv';

export const uv = python(
  'uv',
  'uv==0.9.11',
  (url) => [
    `ENV UV_DEFAULT_INDEX=${url}/simple/ UV_LINK_MODE=copy VIRTUAL_ENV=/opt/venv`,
    `RUN ${cache(UV_CACHE)} ${BIND} \\`,
    '    /opt/venv/bin/uv pip install -r /tmp/requirements.txt',
  ],
  [UV_CACHE],
);
