import { bindMounts, cacheMount, cmd, run, shellHealthcheck } from './instructions';
import type { ProjectFacts, SpringBoot } from './project-kind';

/** Without times the same sources give the same jar. */
const NO_TIMES = '-Dproject.build.outputTimestamp=1980-02-01T00:00:00Z';
const COPY_DEPENDENCIES =
  'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** builder packs it, deps holds the libraries, runner adds what is the project's own: one small layer. */
export function javaDockerfile(facts: ProjectFacts): string {
  const { kind, version, command, port, springBoot } = facts;
  const image = kind === 'java-maven' ? 'maven' : 'gradle';
  const java = kind === 'java-maven' ? `eclipse-temurin-${version}` : `jdk${version}`;
  const below = springBoot ? BOOT_LAYERS : ['lib'];
  const own = springBoot ? 'application' : 'own';
  // Layers of Spring Boot are laid over one another; other jars are told apart by their folders.
  const place = (name: string) => (springBoot ? './' : `${name}/`);
  return [
    '# Stage graph: builder -> deps -> runner. A change of the sources moves the last layer, and neither a',
    '# compiler nor the build tool reaches the image that runs.',
    '',
    `FROM ${image}:${facts.detail}-${java} AS builder`,
    ...(kind === 'java-maven' ? buildByMaven(facts) : buildByGradle(facts)),
    '',
    `FROM eclipse-temurin:${version}-jre AS deps`,
    'WORKDIR /srv/app',
    ...below.map((name) => `COPY --from=builder ${OUTPUT}/${name}/ ${place(name)}`),
    '',
    'FROM deps AS runner',
    `COPY --from=builder ${OUTPUT}/${own}/ ${place(own)}`,
    'USER 10001:10001',
    ...(port === undefined ? [] : [`EXPOSE ${port}`, ...shellHealthcheck(facts, port)]),
    cmd(command),
    '',
  ].join('\n');
}

/** What the builder leaves: a folder a layer. */
const OUTPUT = '/opt/layers';
const BOOT_LAYERS = ['dependencies', 'spring-boot-loader', 'snapshot-dependencies'];

function buildByMaven({ springBoot, manifests }: ProjectFacts): string[] {
  const repository = cacheMount('/root/.m2/repository');
  const packed = `mvn --batch-mode -DskipTests ${NO_TIMES} package`;
  if (springBoot) {
    return [
      'WORKDIR /src',
      'COPY . .',
      ...run([packed, keepBootJar('target'), ...extract(springBoot)], [repository]),
    ];
  }
  return [
    'WORKDIR /src',
    '# Apart from the build, so that a change of the sources downloads nothing.',
    ...run(
      [`mvn --batch-mode ${COPY_DEPENDENCIES} -DincludeScope=runtime -DoutputDirectory=${OUTPUT}/lib`],
      [repository, ...bindMounts(manifests)],
    ),
    'COPY . .',
    ...run(
      [packed, `mkdir -p ${OUTPUT}/lib ${OUTPUT}/own`, `cp target/*.jar ${OUTPUT}/own/`],
      [repository],
    ),
  ]; // prettier-ignore
}

function buildByGradle({ springBoot }: ProjectFacts): string[] {
  const home = '/home/gradle/.gradle';
  const steps = springBoot
    ? ['gradle --no-daemon bootJar', keepBootJar('build/libs'), ...extract(springBoot)]
    : [
        'gradle --no-daemon installDist',
        `mkdir -p ${OUTPUT}/own`,
        `mv build/install/*/lib ${OUTPUT}/lib`,
        `for jar in build/libs/*.jar; do mv "${OUTPUT}/lib/\${jar##*/}" ${OUTPUT}/own/; done`,
      ];
  return [
    `ENV GRADLE_USER_HOME=${home}`,
    'WORKDIR /src',
    'COPY . .',
    ...run(steps, [cacheMount(home)]),
  ];
}

/** The one that starts, by what it has inside: sources, tests and the plain jar may lie beside it. */
const keepBootJar = (folder: string) =>
  `cp "$(grep -l BOOT-INF/classes/ ${folder}/*.jar)" /opt/app.jar`;

function extract({ mode }: SpringBoot): string[] {
  return mode === 'tools'
    ? [`java -Djarmode=tools -jar /opt/app.jar extract --layers --destination ${OUTPUT}`]
    : [`mkdir ${OUTPUT}`, `cd ${OUTPUT}`, 'java -Djarmode=layertools -jar /opt/app.jar extract'];
}
