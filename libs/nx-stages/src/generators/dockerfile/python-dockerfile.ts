import { type ProjectFacts } from './project-kind';
import { HEALTH_TIMES, bindMounts, cacheMount, cmd, run } from './instructions';

const VENV = '/opt/venv';

/** Byte-code with unchecked hashes instead of times: the same packages give the same bytes. */
const COMPILE = `python -m compileall -q -f -j 0 --invalidation-mode unchecked-hash ${VENV}`;

/** builder makes a virtual environment, which is all that deps takes of it; runner adds the source. */
export function pythonDockerfile(facts: ProjectFacts): string {
  const { version, command, port, sourceRoot } = facts;
  const environment = [
    `PATH=${VENV}/bin:$PATH`,
    'PYTHONUNBUFFERED=1',
    'PYTHONDONTWRITEBYTECODE=1',
    ...(sourceRoot ? [`PYTHONPATH=/srv/app/${sourceRoot}`] : []),
  ];
  return [
    '# Stage graph: builder -> deps -> runner. Only the virtual environment leaves builder, so no',
    '# compiler and no package manager reaches the image that runs.',
    '',
    `FROM python:${version}-bookworm AS builder`,
    ...install(facts),
    '',
    `FROM python:${version}-slim-bookworm AS deps`,
    "# SOURCE_DATE_EPOCH keeps today's date out of /etc/shadow.",
    ...run([
      'export SOURCE_DATE_EPOCH=0',
      'groupadd --gid 10001 app',
      'useradd --uid 10001 --gid app --no-create-home --no-log-init --shell /usr/sbin/nologin app',
    ]),
    `COPY --from=builder ${VENV} ${VENV}`,
    `ENV ${environment.join(' \\\n    ')}`,
    'WORKDIR /srv/app',
    '',
    'FROM deps AS runner',
    'COPY . .',
    'USER app',
    ...(port === undefined ? [] : [`EXPOSE ${port}`, ...healthcheck(facts, port)]),
    cmd(command),
    '',
  ].join('\n');
}

function install({ kind, manifests }: ProjectFacts): string[] {
  const venv = [`RUN python3 -m venv ${VENV}`, `ENV PATH=${VENV}/bin:$PATH`];
  const pip = 'pip install --no-compile --disable-pip-version-check';
  const pipCache = cacheMount('/root/.cache/pip');
  if (kind === 'python-pip') {
    return [
      ...venv,
      'WORKDIR /src',
      ...run([`${pip} -r requirements.txt`, COMPILE], [pipCache, ...bindMounts(manifests)]),
    ];
  }
  // The manager gets an environment of its own: what it needs is none of the application's business.
  const manager = kind === 'python-uv' ? 'uv' : 'poetry';
  const pinned = { uv: 'uv==0.13.9', poetry: 'poetry==2.5.1' }[manager];
  const tool = run(['python3 -m venv /opt/tool', `/opt/tool/bin/${pip} ${pinned}`], [pipCache]);
  const sync =
    manager === 'uv'
      ? '/opt/tool/bin/uv sync --frozen --no-dev --no-install-project'
      : '/opt/tool/bin/poetry install --only main --no-root --no-interaction';
  return [
    ...tool,
    ...venv,
    manager === 'uv'
      ? `ENV UV_PROJECT_ENVIRONMENT=${VENV} UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never`
      : `ENV VIRTUAL_ENV=${VENV}`,
    'WORKDIR /src',
    ...run(
      [sync, COMPILE],
      [
        cacheMount(manager === 'uv' ? '/root/.cache/uv' : '/root/.cache/pypoetry'),
        ...bindMounts(manifests),
      ],
    ),
  ];
}

function healthcheck({ healthPath }: ProjectFacts, port: number): string[] {
  const ask =
    healthPath === undefined
      ? `import socket; socket.create_connection(('127.0.0.1', ${port}), 2).close()`
      : `import urllib.request as r; r.urlopen('http://127.0.0.1:${port}${healthPath}', timeout=2)`;
  return [`HEALTHCHECK ${HEALTH_TIMES} \\`, `  ${cmd(['python', '-c', ask])}`];
}
