import { bindMounts, cacheMount, cmd, run } from './instructions';
import type { ProjectFacts } from './project-kind';

/** The runner is the program and the certificates that it trusts: there is nothing else to break in with. */
export function goDockerfile({ version, command, port, manifests, detail }: ProjectFacts): string {
  const modules = cacheMount('/go/pkg/mod');
  return [
    '# Stage graph: builder -> runner. The runner has no shell, so there is no HEALTHCHECK: let the',
    '# platform ask over HTTP.',
    '',
    `FROM golang:${version}-bookworm AS builder`,
    'WORKDIR /src',
    'ENV CGO_ENABLED=0',
    '# Apart from the build, so that a change of the sources downloads nothing.',
    ...run(['go mod download'], [modules, ...bindMounts(manifests)]),
    'COPY . .',
    '# Without paths, time and build id the same sources give the same bytes.',
    ...run(
      [`go build -trimpath -ldflags='-s -w -buildid=' -o /usr/local/bin/app ${detail ?? '.'}`],
      [modules, cacheMount('/root/.cache/go-build')],
    ),
    '',
    'FROM scratch AS runner',
    'COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt',
    'COPY --from=builder /usr/local/bin/app /usr/local/bin/app',
    'USER 10001:10001',
    ...(port === undefined ? [] : [`EXPOSE ${port}`]),
    cmd(command),
    '',
  ].join('\n');
}
