import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shell } from '../../shell';
import { cache, type Files, type Language, statesOf } from './language';

/** Packages to import, each with its module's version. */
const PACKAGES = [
  ...[
    'github.com/spf13/cobra@v1.8.1',
    'github.com/go-chi/chi/v5@v5.1.0',
    'go.uber.org/zap@v1.27.0',
  ],
  ...['golang.org/x/text@v0.14.0', 'golang.org/x/net@v0.20.0'],
];
/** Without dependencies of their own. */
const ADDED = [
  ...['github.com/google/uuid@v1.6.0', 'github.com/pkg/errors@v0.9.1'],
  ...['github.com/dustin/go-humanize@v1.0.1', 'github.com/cespare/xxhash/v2@v2.3.0'],
  ...['github.com/rs/xid@v1.6.0', 'github.com/gorilla/mux@v1.8.1', 'github.com/oklog/ulid@v1.3.1'],
];
/** Where a module's root is no package. */
const PACKAGE_IN: Record<string, string> = {
  'golang.org/x/text': 'golang.org/x/text/unicode/norm',
  'golang.org/x/net': 'golang.org/x/net/html',
};

const BUILDER = 'golang:1.23-bookworm';

export const go: Language = {
  name: 'go',
  bases: [BUILDER],
  others: [],
  async prepare(folder, _url, states) {
    const scratch = mkdtempSync(join(tmpdir(), 'bench-go-'));
    const modules = join(folder, 'modules');
    const env = {
      ...process.env,
      GOMODCACHE: modules,
      GOFLAGS: '-modcacherw',
      GONOSUMDB: '*',
      GOTOOLCHAIN: 'local',
    };
    const run = shell({ cwd: scratch, env });
    const found: Files[] = [];
    try {
      for (const packages of statesOf(PACKAGES, ADDED, states)) {
        const requires = packages.map((each) => `-require=${each}`);
        writeFileSync(join(scratch, 'go.mod'), 'module example.com/app\n\ngo 1.21\n');
        writeFileSync(join(scratch, 'main.go'), mainOf(packages));
        await run`go mod edit ${requires}`;
        await run`go mod tidy`;
        await run`go mod download`;
        const read = (name: string) => readFileSync(join(scratch, name), 'utf8');
        found.push(
          Object.fromEntries(['go.mod', 'go.sum', 'main.go'].map((name) => [name, read(name)])),
        );
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
    // Laid out as a module proxy answers.
    symlinkSync(join(modules, 'cache/download'), join(folder, 'go'));
    return found;
  },
  dockerfile: (url) => `FROM ${BUILDER} AS builder
ENV GOPROXY=${url}/go GONOSUMDB=* CGO_ENABLED=0
WORKDIR /src
COPY go.mod go.sum ./
RUN ${cache('/go/pkg/mod')} go mod download
COPY main.go ./
RUN ${cache('/go/pkg/mod')} ${cache('/root/.cache/go-build')} \\
    go build -trimpath -o /out/app .

FROM scratch AS runner
COPY --from=builder /out/app /app
COPY app /srv
`,
};

function mainOf(packages: readonly string[]): string {
  const paths = packages.map((each) => each.slice(0, each.lastIndexOf('@')));
  const imports = paths.map((path) => `\t_ "${PACKAGE_IN[path] ?? path}"\n`);
  return `package main\n\nimport (\n${imports.join('')})\n\nfunc main() {}\n`;
}
