import { cacheMount, cmd, installPackages, run, shellHealthcheck } from './instructions';
import type { ProjectFacts } from './project-kind';

const OUTPUT = '/opt/program';
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** The runner is the program, what it is linked with, and the certificates that it trusts. */
export function rustDockerfile(facts: ProjectFacts): string {
  const { version, command, program, detail, port } = facts;
  const { systemPackages = [], environment = [] } = facts;
  const hasPackages = systemPackages.length > 0;
  const slim = 'debian:bookworm-slim';
  return [
    `# Stage graph: ${hasPackages ? 'builder, deps' : 'builder'} -> runner. Neither a compiler nor cargo reaches the image that runs.`,
    '',
    `FROM rust:${version}-bookworm AS builder`,
    'WORKDIR /src',
    "# The image's own toolchain, whatever a rust-toolchain file calls it: no other is downloaded.",
    'ENV RUSTUP_TOOLCHAIN=$RUST_VERSION',
    'COPY . .',
    '# Crates, and what was compiled of them, are kept: a change of the sources compiles the sources.',
    ...run(
      [`cargo install --locked --path ${detail} --bin ${program} --root ${OUTPUT}`],
      ['/usr/local/cargo/registry', '/usr/local/cargo/git', '/src/target'].map(cacheMount),
    ),
    '',
    ...(hasPackages
      ? [`FROM ${slim} AS deps`, ...installPackages(systemPackages), '', 'FROM deps AS runner']
      : [`FROM ${slim} AS runner`]),
    `COPY --from=builder ${CERTIFICATES} ${CERTIFICATES}`,
    `COPY --from=builder ${OUTPUT}/bin/${program} /usr/local/bin/${program}`,
    ...(environment.length > 0 ? [`ENV ${environment.join(' ')}`] : []),
    'USER 10001:10001',
    ...(port === undefined ? [] : [`EXPOSE ${port}`, ...shellHealthcheck(facts, port)]),
    cmd(command),
    '',
  ].join('\n');
}
