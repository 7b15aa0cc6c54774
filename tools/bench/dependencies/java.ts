import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shell } from '../../shell';
import { cache, type Files, type Language, statesOf } from './language';

const PACKAGES = [
  ...['com.google.guava:guava:33.3.1-jre', 'com.fasterxml.jackson.core:jackson-databind:2.18.2'],
  ...['org.apache.commons:commons-lang3:3.17.0', 'org.bouncycastle:bcprov-jdk18on:1.79'],
  ...['com.h2database:h2:2.3.232', 'org.apache.commons:commons-math3:3.6.1'],
];
/** Without dependencies of their own. */
const ADDED = [
  ...['commons-codec:commons-codec:1.17.1', 'commons-cli:commons-cli:1.9.0'],
  ...['commons-io:commons-io:2.18.0', 'org.apache.commons:commons-collections4:4.4'],
  ...['joda-time:joda-time:2.13.0', 'org.slf4j:slf4j-api:2.0.16', 'net.jpountz.lz4:lz4:1.3.0'],
];
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies';

const MAVEN = 'maven:3.9-eclipse-temurin-17';
const GRADLE = 'gradle:4-jdk17';

function java(
  name: string,
  base: string,
  files: (packages: readonly string[], url: string) => Files,
  install: readonly string[],
  mount: string,
): Language {
  return {
    name,
    bases: [base],
    others: [mount],
    async prepare(folder, url, states) {
      const all = statesOf(PACKAGES, ADDED, states);
      await fetchJars(all, join(folder, 'maven'));
      return all.map((packages) => files(packages, url));
    },
    dockerfile: () => `FROM ${base} AS builder
WORKDIR /src
${install.join('\n')}

FROM scratch AS runner
COPY --from=builder /opt/lib /opt/lib
COPY app /srv
`,
  };
}

/** A local repository of Maven is laid out as one that it asks. */
async function fetchJars(states: readonly string[][], repository: string): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'bench-java-'));
  try {
    writeFileSync(join(scratch, 'pom.xml'), pomOf(states.at(-1)!));
    const options = [`-Dmaven.repo.local=${repository}`, `-DoutputDirectory=${scratch}/lib`];
    await shell({ cwd: scratch })`mvn --batch-mode --quiet ${options} ${COPY}`;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function pomOf(packages: readonly string[]): string {
  const dependencies = packages.map((each) => {
    const [group, artifact, version] = each.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion>
<groupId>example</groupId><artifactId>app</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>
${dependencies.join('\n')}
</dependencies>
</project>
`;
}

const settingsOf = (url: string) => `<settings>
<mirrors><mirror><id>mirror</id><mirrorOf>*</mirrorOf><url>${url}/maven</url></mirror></mirrors>
</settings>
`;

const REPOSITORY = '/root/.m2/repository';

export const maven = java(
  'maven',
  MAVEN,
  (packages, url) => ({ 'pom.xml': pomOf(packages), 'settings.xml': settingsOf(url) }),
  [
    'COPY settings.xml pom.xml ./',
    `RUN ${cache(REPOSITORY)} mvn --batch-mode --quiet --settings settings.xml \\`,
    `    -DoutputDirectory=/opt/lib ${COPY}`,
  ],
  REPOSITORY,
);

const buildOf = (packages: readonly string[], url: string) => `apply plugin: 'base'
repositories { maven { url '${url}/maven' } }
configurations { app }
dependencies {
${packages.map((each) => `  app '${each}'\n`).join('')}}
task copyJars(type: Copy) {
  from configurations.app
  into '/opt/lib'
}
`;

const HOME = '/root/.gradle';

export const gradle = java(
  'gradle',
  GRADLE,
  (packages, url) => ({ 'build.gradle': buildOf(packages, url) }),
  [
    'COPY build.gradle ./',
    `RUN ${cache(HOME)} gradle --no-daemon --quiet --gradle-user-home ${HOME} copyJars`,
  ],
  HOME,
);
