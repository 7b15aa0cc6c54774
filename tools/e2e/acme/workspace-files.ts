/** What "acme" is made of: path -> text. Those in `EXECUTABLE` have the x bit. */
export const EXECUTABLE = ['images/tools/bin/run.sh'];

const json = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`;

/**
 * Thirteen projects with an image or two each, in Python, Node, Go, Java and static files. `prefix` is
 * what stands before the names of all images.
 *
 * base stands below python and tools, and api takes from both: a diamond. worker and gateway read
 * other projects' sources and outputs, java has a secret, Compose and Bake declare five of them, and
 * audit's context is the whole workspace. The compilers are a stand-in that writes the digest of every
 * file below its folder, so an image differs as soon as one of them does.
 */
export function workspaceFiles(prefix: string): Record<string, string> {
  return {
    ...images(prefix),
    ...python(prefix),
    ...node(),
    ...compiled(),
    ...sites(prefix),
    '.dockerignore': '**/node_modules\n**/*.md\n',
    'compose.yaml': `services:
  worker:
    build:
      context: .
      dockerfile: apps/worker/Dockerfile
      args: { QUEUE: mail }
  java:
    build:
      context: services/java
      secrets: [maven]
  audit:
    build:
      context: .
      dockerfile: apps/audit/Dockerfile
secrets:
  maven:
    file: ./private/maven.txt
`,
    'docker-bake.hcl': `variable "GATEWAY_MODE" { default = "edge" }
target "_common" {
  args = { MODE = GATEWAY_MODE }
}
target "gateway" {
  inherits = ["_common"]
  context = "."
  dockerfile = "apps/gateway/Dockerfile"
}
target "docs" {
  context = "sites/docs"
  dockerfile = "Containerfile"
}
target "help" {
  context = "sites/help"
  contexts = { lower = "target:docs", theme = "sites/theme" }
}
`,
    'apps/audit/project.json': json({ name: 'audit' }),
    'apps/audit/Dockerfile': 'FROM scratch AS runner\nCOPY . /all/\n',
    'apps/audit/Dockerfile.dockerignore': '*\n!policies\n!libs/pylib\nlibs/pylib/README.md\n',
    'policies/access.txt': 'nobody\n',
    'README.md': '# acme\n',
    'notes/todo.txt': 'nothing\n',
  };
}

function images(prefix: string): Record<string, string> {
  return {
    'images/base/project.json': json({ name: 'base' }),
    'images/base/Dockerfile':
      'FROM busybox:1 AS runner\nENV ACME=1\nCOPY etc /etc/acme/\nRUN cp /etc/acme/motd /etc/motd\n',
    'images/base/etc/motd': 'acme\n',
    'images/base/README.md': '# base\n',
    'images/python/project.json': json({ name: 'python' }),
    'images/python/Dockerfile': `FROM ${prefix}/base:dev AS runner
WORKDIR /opt/python
COPY requirements.txt .
RUN pip install -r requirements.txt
`,
    'images/python/requirements.txt': 'fastapi==1.0\n',
    'images/tools/project.json': json({ name: 'tools' }),
    'images/tools/Dockerfile': `FROM ${prefix}/base AS runner\nCOPY bin /usr/local/bin/\n`,
    'images/tools/bin/run.sh': '#!/bin/sh\nexec "$@"\n',
    'images/tools/bin/help.txt': 'run.sh COMMAND\n',
  };
}

function python(prefix: string): Record<string, string> {
  return {
    'apps/api/project.json': json({
      name: 'api',
      targets: { 'docker-plan': { options: { buildArgs: { VERSION: '1.0' } } } },
    }),
    'apps/api/Dockerfile': `FROM ${prefix}/python:dev AS deps
WORKDIR /app
COPY requirements.txt .
RUN pip install -r requirements.txt

FROM deps AS runner
ARG VERSION=none
LABEL version=$VERSION
COPY --from=${prefix}/tools:dev /usr/local/bin/run.sh /usr/local/bin/
COPY src ./src
`,
    'apps/api/Dockerfile.migrate': `FROM ${prefix}/python:dev AS runner\nCOPY migrations /migrations/\n`,
    'apps/api/.dockerignore': 'src/tests\n**/*.pyc\n',
    'apps/api/requirements.txt': 'sqlalchemy==2.0\n',
    'apps/api/src/main.py': 'print("api")\n',
    'apps/api/src/tests/test_main.py': 'assert True\n',
    'apps/api/migrations/0001.sql': 'create table t ();\n',
    'apps/api/README.md': '# api\n',
    'apps/worker/project.json': json({ name: 'worker' }),
    'apps/worker/Dockerfile': `FROM ${prefix}/python AS runner
ARG QUEUE=none
ENV QUEUE=$QUEUE
COPY libs/pylib /app/pylib
COPY apps/worker/main.py /app/
`,
    'apps/worker/main.py': 'print("worker")\n',
    'libs/pylib/project.json': json({ name: 'pylib' }),
    'libs/pylib/prices.py': 'PRICES = []\n',
    'libs/pylib/README.md': '# pylib\n',
  };
}

function node(): Record<string, string> {
  const built = (command: string, inputs: string[], output: string) => ({
    command,
    inputs,
    outputs: [output],
    cache: true,
  });
  return {
    'libs/ui/project.json': json({
      name: 'ui',
      targets: {
        build: built(
          'mkdir -p libs/ui/dist && cat libs/ui/src/*.js > libs/ui/dist/ui.js',
          ['{projectRoot}/src/**/*'],
          '{projectRoot}/dist',
        ),
      },
    }),
    'libs/ui/src/button.js': 'export const button = 1;\n',
    'apps/web/project.json': json({
      name: 'web',
      targets: {
        build: {
          ...built(
            // Comments are left out, as a bundler would.
            "mkdir -p dist/apps/web && cat apps/web/src/*.js libs/ui/dist/ui.js | sed '/^\\/\\//d' > dist/apps/web/app.js",
            ['{projectRoot}/src/**/*', '{workspaceRoot}/libs/ui/src/**/*'],
            '{workspaceRoot}/dist/apps/web',
          ),
          dependsOn: [{ projects: ['ui'], target: 'build' }],
        },
      },
    }),
    'apps/web/Dockerfile': `FROM node:22-slim AS deps
WORKDIR /app
COPY apps/web/package.json apps/web/package-lock.json ./
RUN npm ci

FROM node:22-slim AS runner
WORKDIR /app
COPY --from=deps /app/node_modules node_modules
COPY dist/apps/web ./
`,
    'apps/web/package.json': json({ name: 'web', version: '1.0.0' }),
    'apps/web/package-lock.json': json({ name: 'web', lockfileVersion: 3 }),
    'apps/web/src/main.js': 'start();\n',
    'apps/admin/project.json': json({
      name: 'admin',
      targets: {
        bundle: built(
          'mkdir -p apps/admin/dist && cp apps/admin/src/index.html apps/admin/dist/',
          ['{projectRoot}/src/**/*'],
          '{projectRoot}/dist',
        ),
      },
    }),
    'apps/admin/Dockerfile': 'FROM node:22-slim AS runner\nCOPY dist /srv/\n',
    'apps/admin/src/index.html': '<h1>admin</h1>\n',
    'apps/gateway/project.json': json({ name: 'gateway' }),
    'apps/gateway/Dockerfile': `FROM nginx:alpine AS runner
ARG MODE=none
ENV MODE=$MODE
COPY apps/gateway/nginx.conf /etc/nginx.conf
COPY dist/apps/web /srv/
`,
    'apps/gateway/nginx.conf': 'listen 80;\n',
  };
}

function compiled(): Record<string, string> {
  return {
    'services/go/project.json': json({ name: 'go' }),
    'services/go/Dockerfile': `FROM golang:1.23 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go build -o /bin/server ./cmd/server

FROM scratch AS runner
COPY --from=build /bin/server /server
`,
    'services/go/.dockerignore': '**/*_test.go\nREADME.md\nproject.json\n',
    'services/go/go.mod': 'module acme/go\n',
    'services/go/go.sum': '\n',
    'services/go/cmd/server/main.go': 'package main\n',
    'services/go/cmd/server/main_test.go': 'package main\n',
    'services/go/README.md': '# go\n',
    'services/java/project.json': json({
      name: 'java',
      targets: { 'docker-plan': { options: { secretVersion: { maven: '1' } } } },
    }),
    'services/java/Dockerfile': `FROM maven:3-eclipse-temurin-21 AS build
WORKDIR /src
COPY pom.xml .
RUN --mount=type=secret,id=maven,required mvn dependency:go-offline
COPY src src
RUN mvn package -o /app.jar

FROM eclipse-temurin:21-jre AS runner
COPY --from=build /app.jar /app.jar
`,
    'services/java/pom.xml': '<project/>\n',
    'services/java/src/App.java': 'class App {}\n',
  };
}

function sites(prefix: string): Record<string, string> {
  return {
    'sites/docs/project.json': json({ name: 'docs' }),
    'sites/docs/Containerfile': 'FROM nginx:alpine AS runner\nCOPY public /srv/docs/\n',
    'sites/docs/.dockerignore': 'public/drafts\n',
    'sites/docs/public/index.html': '<h1>docs</h1>\n',
    'sites/docs/public/drafts/next.html': '<h1>next</h1>\n',
    'sites/help/project.json': json({ name: 'help' }),
    'sites/help/Dockerfile': `# Over ${prefix}/docs, as docker-bake.hcl says.
FROM lower AS runner
COPY --from=theme . /srv/theme/
COPY pages /srv/help/
`,
    'sites/help/pages/help.html': '<h1>help</h1>\n',
    'sites/theme/theme.css': 'h1 {}\n',
  };
}
