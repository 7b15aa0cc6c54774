import { posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { detect } from './detect';
import { dockerfileOf } from './generator';
import { ignoreFile } from './ignore-file';
import type { Kind, ProjectFiles } from './project-kind';

/** The files of a project, held in memory. */
function filesOf(texts: Record<string, string>): ProjectFiles {
  return {
    has: (path) => path in texts,
    read: (path) => texts[path],
    list: (folder) => {
      const below = folder === '' ? '' : `${posix.normalize(folder)}/`;
      const inside = Object.keys(texts).filter((path) => path.startsWith(below));
      return [...new Set(inside.map((path) => path.slice(below.length).split('/')[0]!))];
    },
  };
}

const detected = (texts: Record<string, string>) => detect(filesOf(texts), 'apps/app');
const written = (texts: Record<string, string>) => dockerfileOf(detected(texts));

test.each([
  ['node-npm', 'package-lock.json'],
  ['node-pnpm', 'pnpm-lock.yaml'],
  ['python-uv', 'uv.lock'],
  ['go', 'go.mod'],
])('%s is found beside the build files of a part in another language', (kind, file) => {
  const parts = { 'Cargo.lock': '', 'Cargo.toml': '', 'pom.xml': '', 'build.gradle': '' };
  const own = { [file]: '', 'package.json': '{}', 'main.go': '', 'main.py': '' };
  expect(detected({ ...parts, ...own }).kind).toBe(kind);
});

test('documents that a compiler may take in are in the context', () => {
  expect(['rust', 'go'].map((kind) => ignoreFile(kind as Kind)).join('')).not.toContain('.md');
  expect(ignoreFile('node-npm')).toContain('\n*.md\n');
});

describe('Rust', () => {
  const cargo = (manifest: string, files: Record<string, string> = { 'src/main.rs': '' }) => ({
    'Cargo.lock': '',
    'Cargo.toml': manifest,
    ...files,
  });
  const shop = '[package]\nname = "shop"\n';

  test.each([
    ['shop', cargo(shop)],
    ['serve', cargo(`${shop}\n[[bin]]\nname = "serve"\npath = "src/main.rs"\n`)],
    ['serve', cargo(shop, { 'src/lib.rs': '', 'src/bin/serve.rs': '' })],
    ['serve', cargo(shop, { 'src/lib.rs': '', 'src/bin/serve/main.rs': '' })],
    ['b', cargo(`${shop}default-run = "b"\n`, { 'src/main.rs': '', 'src/bin/b.rs': '' })],
  ])('the program %s is found: %j', (program, files) => {
    expect(detected(files)).toMatchObject({ program, detail: '.' });
  });

  test('the program of a workspace is that of the only member that has one', () => {
    const files = {
      ...cargo('[workspace]\nresolver = "3"\nmembers = [\n  "crates/*",\n  "tool",\n]\n', {}),
      'crates/core/Cargo.toml': '[package]\nname = "core"\n',
      'crates/core/src/lib.rs': '',
      'crates/web/Cargo.toml': '[package]\nname = "web"\n',
      'crates/web/src/main.rs': '',
      'crates/notes.txt': '',
    };
    expect(detected(files)).toMatchObject({ program: 'web', detail: 'crates/web' });
    expect(written(files)).toContain('cargo install --locked --path crates/web --bin web --root');
    const another = {
      ...files,
      'tool/Cargo.toml': '[package]\nname = "tool"\n',
      'tool/src/main.rs': '',
    };
    expect(() => detected(another)).toThrow('Cargo.toml has several programs (web, tool)');
  });

  test.each([
    ['rust-toolchain.toml', '[toolchain]\nchannel = "1.85.1"\n', '1.85.1'],
    ['rust-toolchain.toml', '[toolchain]\ncomponents = ["clippy"]\n', '1'],
    ['rust-toolchain', '1.84\n', '1.84'],
    ['rust-toolchain', 'stable\n', '1'],
  ])('%s of %j: version %s', (file, text, version) => {
    const files = { ...cargo(shop), [file]: text };
    expect(detected(files).version).toBe(version);
    expect(written(files)).toContain(`FROM rust:${version}-bookworm AS builder\n`);
  });

  test('libraries of the system that it is linked with are installed in a stage below the program', () => {
    const lock = (...crates: string[]) => ({
      ...cargo(shop),
      'Cargo.lock': crates.map((name) => `[[package]]\nname = "${name}"\n`).join('\n'),
    });
    const text = written(lock('openssl-sys', 'pq-sys'));
    expect(text).toMatch(/AS deps\nRUN [^]*libssl3 libpq5\n[^]*FROM deps AS runner\n/);
    expect(written(lock('openssl-sys', 'openssl-src'))).not.toContain('apt-get');
    expect(detected(lock('libsqlite3-sys', 'curl-sys')).systemPackages).toEqual([
      'libsqlite3-0',
      'libcurl4',
    ]);
    const sqlite = '[[package]]\nname = "libsqlite3-sys"\ndependencies = [\n "cc",\n]\n';
    expect(detected({ ...cargo(shop), 'Cargo.lock': sqlite })).not.toHaveProperty('systemPackages');
  });

  const vendored = '{ version = "0.10", features = ["vendored"] }';
  test.each([
    [0, `[dependencies]\nopenssl = ${vendored}\n`],
    [0, '[dependencies.openssl]\nversion = "0.10"\nfeatures = [\n  "vendored",\n]\n'],
    [0, '# openssl/vendored\n'],
    [1, '[features]\nvendored = ["openssl/vendored"]\n'],
    [1, `[dependencies]\nopenssl = ${vendored.replace('}', ', optional = true }')}\n`],
    [1, '[dependencies]\nopenssl = { features = [\n  "vendored",\n], optional = true }\n'],
    [1, '[dependencies.openssl]\nfeatures = ["vendored"]\noptional = true\n'],
    [1, `[dev-dependencies]\nopenssl = ${vendored}\n`],
    [1, `[target.'cfg(windows)'.dependencies]\nopenssl = ${vendored}\n`],
    [1, '[dependencies]\nrusqlite = { version = "0.37", features = ["bundled-windows"] }\n'],
    [1, '[workspace]\nmembers = ["lib"]\n'],
  ])('%i libraries of the system where one may be brought along: %j', (count, manifest) => {
    const lock = '[[package]]\nname = "openssl-sys"\n\n[[package]]\nname = "openssl-src"\n';
    const files = { ...cargo(shop + manifest), 'Cargo.lock': lock, 'lib/Cargo.toml': '' };
    expect(detected(files).systemPackages ?? []).toHaveLength(count);
  });

  const two = {
    'web/Cargo.toml': '[package]\nname = "web"\n',
    'web/src/main.rs': '',
    'tool/Cargo.toml': '[package]\nname = "tool"\ndefault-run = "b"\n',
    'tool/src/bin/a.rs': '',
    'tool/src/bin/b.rs': '',
  };
  test.each([
    ['web', 'members = ["web", "tool"]\ndefault-members = ["web"]\n'],
    ['tool', 'members = ["web/", "tool/"]\ndefault-members = ["./tool"]\n'],
    ['tool', 'members = ["tool"]\n'],
  ])('the package %s is that of a workspace of %j', (folder, list) => {
    const files = cargo(`[workspace]\n${list}`, two);
    expect(detected(files)).toMatchObject({
      program: folder === 'web' ? 'web' : 'b',
      detail: folder,
    });
  });

  test('each hint can be followed: of several packages one is named, of several programs one of the package', () => {
    const hint = (text: string) => detected(cargo(text, { ...two, 'tool/Cargo.toml': '[package]\nname = "tool"\n' })); // prettier-ignore
    expect(() => hint('[workspace]\nmembers = ["*"]\n')).toThrow(
      'several programs (web, a, b). Name the package of the one that is meant in default-members of [workspace].',
    );
    expect(() => hint('[workspace]\nmembers = ["tool"]\n')).toThrow(
      'several programs (a, b). Say which one is meant by default-run in [package] of tool/Cargo.toml.',
    );
  });

  const inherits = '[package]\nname = "app"\nversion.workspace = true\n';
  test.each([
    [{ 'Cargo.toml': shop, '../../Cargo.toml': '[workspace]\nmembers = ["apps/*"]\n' }],
    [{ 'Cargo.toml': shop, '../../Cargo.toml': '[workspace.package]\nversion = "1"\n' }],
    [{ ...cargo(inherits), '../../Cargo.toml': '[workspace]\n' }],
  ])('what Cargo builds in a workspace above is refused: %j', (files: Record<string, string>) => {
    expect(() => detected(files)).toThrow(
      'apps/app: Cargo builds it in the workspace of Cargo.toml, which the image of apps/app alone does not have. ' +
        'Run the generator on the project in ., with "apps/app" in members',
    );
    const named = { ...files, '../../Cargo.toml': '[workspace]\nmembers = ["apps/app"]\nexclude = ["apps"]\n' }; // prettier-ignore
    expect(() => detected(named)).toThrow('Cargo builds it in the workspace');
    for (const exclude of ['apps/app/', 'apps']) {
      const text = `[workspace]\nmembers = ["apps/*"]\nexclude = ["${exclude}"]\n`;
      const excluded = { ...files, '../../Cargo.toml': text };
      if ('Cargo.lock' in files) expect(detected(excluded)).toMatchObject({ program: 'app' });
      else expect(() => detected(excluded)).toThrow('Cargo.toml has no lock file beside it');
    }
  });

  test.each([
    ['dependencies', '[dependencies]\nlib = { path = "../lib" }\n'],
    ['a table', '[dependencies.lib]\nversion = "1"\npath = "../lib"\n'],
    ['dev-dependencies', '[dev-dependencies]\nlib = { path = "./../lib" }\n'],
  ])('a path out of the project is refused, in %s', (_, text) => {
    const inside = text.replace(/(\.\/)?\.\.\/lib/, 'lib');
    expect(() => detected(cargo(shop + text))).toThrow('apps/app/Cargo.toml needs .');
    expect(detected(cargo(shop + inside))).toMatchObject({ program: 'shop' });
    expect(detected(cargo(`${shop}# path = "../lib"\n`))).toMatchObject({ program: 'shop' });
    const further = { 'src/main.rs': '', 'lib/Cargo.toml': `[package]\nname = "lib"\n${inside}` };
    expect(() =>
      detected(
        cargo(shop + inside, {
          ...further,
          'lib/lib/Cargo.toml': text.replace('../', '../../../'),
        }),
      ),
    ).toThrow('apps/app/lib/lib/Cargo.toml needs ');
    expect(detected(cargo(shop + inside, further))).toMatchObject({ program: 'shop' });
    expect(() => detected(cargo('[workspace]\nmembers = ["web", "../lib"]\n', two))).toThrow(
      'apps/app: Cargo.toml has a member in apps/lib, outside',
    );
    const member = { ...two, 'web/Cargo.toml': '[package]\nname = "web"\n[dependencies]\na = { path = "../tool" }\n' }; // prettier-ignore
    expect(detected(cargo('[workspace]\nmembers = ["web"]\n', member))).toMatchObject({
      program: 'web',
    });
  });

  test.each([
    [cargo(shop, { 'src/lib.rs': '' }), 'Cargo.toml has no program'],
    [
      cargo(shop, { 'src/main.rs': '', 'src/bin/b.rs': '' }),
      'Cargo.toml has several programs (shop, b)',
    ],
    [
      { ...cargo(shop), 'rust-toolchain': 'nightly-2026-01-01' },
      'rust-toolchain wants nightly-2026-01-01, of which',
    ],
    [{ 'Cargo.toml': shop }, 'Cargo.toml has no lock file beside it'],
  ])('%j is refused: %s', (files, message) => {
    expect(() => detected(files)).toThrow(`apps/app: ${message}`);
  });
});

describe('Maven', () => {
  const main = { 'src/main/java/a/Main.java': 'package a;\nclass Main { public static void main(String... words) {} }' }; // prettier-ignore
  const pom = (text: string, files: Record<string, string> = main) => ({
    'pom.xml': `<project>${text}</project>`,
    ...files,
  });
  const boot = (version: string, more = '') =>
    pom(
      `<parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId><version>${version}</version></parent>` +
        `<plugin><artifactId>spring-boot-maven-plugin</artifactId></plugin>${more}`,
      {},
    );

  test.each([
    ['21', ''],
    ['17', '<properties><java.version>17</java.version></properties>'],
    ['25', '<properties><maven.compiler.release>25</maven.compiler.release></properties>'],
    ['8', '<properties><maven.compiler.target>1.8</maven.compiler.target></properties>'],
    ['11', '<properties><jdk>11</jdk></properties><release>${jdk}</release>'],
    ['21', '<!-- <java.version>17</java.version> -->'],
  ])('Java %s of %j', (version, text) => {
    expect(detected(pom(text)).version).toBe(version);
    expect(written(pom(text))).toContain(`FROM eclipse-temurin:${version}-jre AS deps\n`);
  });

  test('Maven is that of the wrapper', () => {
    const url =
      'https://maven.example.com/org/apache/maven/apache-maven/3.9.9/apache-maven-3.9.9-bin.zip';
    const files = {
      ...pom(''),
      '.mvn/wrapper/maven-wrapper.properties': `distributionUrl=${url}\n`,
    };
    expect(written(files)).toContain('FROM maven:3.9.9-eclipse-temurin-21 AS builder\n');
  });

  test.each([
    ['3.5.8', ['java', '-jar', 'app.jar'], 'jarmode=tools'],
    ['4.0.0', ['java', '-jar', 'app.jar'], 'jarmode=tools'],
    ['3.2.1', ['java', 'org.springframework.boot.loader.launch.JarLauncher'], 'jarmode=layertools'],
    ['2.7.18', ['java', 'org.springframework.boot.loader.JarLauncher'], 'jarmode=layertools'],
  ])('Spring Boot %s starts by %j', (version, command, mode) => {
    expect(detected(boot(version)).command).toEqual(command);
    expect(written(boot(version))).toContain(mode);
  });

  test('a server of Spring Boot has a port, and a path to ask where the actuator is there', () => {
    const web = '<artifactId>spring-boot-starter-web</artifactId>';
    const actuator = '<artifactId>spring-boot-starter-actuator</artifactId>';
    expect(detected(boot('3.5.8'))).not.toHaveProperty('port');
    expect(detected(boot('3.5.8', web))).toMatchObject({ port: 8080 });
    expect(detected(boot('3.5.8', web))).not.toHaveProperty('healthPath');
    expect(written(boot('3.5.8', web + actuator))).toContain('GET /actuator/health HTTP/1.0');
  });

  const server = boot('3.5.8', '<artifactId>spring-boot-starter-web</artifactId><artifactId>spring-boot-starter-actuator</artifactId>'); // prettier-ignore
  const settings = (file: string, text: string) => ({
    ...server,
    [`src/main/resources/${file}`]: text,
  });
  test.each([
    [8081, 'application.properties', 'spring.application.name=shop\nserver.port=8081\n'],
    [8081, 'application.properties', 'server.port = ${PORT:8081}\n'],
    [8081, 'application.properties', 'server.port=${SERVER_PORT:${PORT:8081}}\n'],
    [8080, 'application.properties', '#server.port=8081\n'],
    [8080, 'application.properties', 'a=1\n#---\nspring.config.activate.on-profile=x\nserver.port=1\n'],
    [8081, 'config/application.yaml', 'server:\n  port: 8081\n'],
    [8081, 'application.yml', 'info:\n  version: @project.version@\nserver.port: ${PORT:8081}\n'],
    [8080, 'application.yml', 'a: 1\n---\nspring.config.activate.on-profile: x\nserver.port: 1\n'],
    [8080, 'application.yml', ''],
    [undefined, 'application.properties', 'server.port=${PORT}\n'],
    [undefined, 'application.yml', 'server:\n  port: 0\n'],
  ])('the port is %s where %s says %j', (port, file, text) => {
    const files = settings(file, text);
    expect(detected(files).port).toBe(port);
    if (port === undefined) expect(written(files)).not.toMatch(/EXPOSE|HEALTHCHECK/);
    else expect(written(files)).toMatch(new RegExp(`EXPOSE ${port}\n.*\n.*/tcp/127.0.0.1/${port} `));
  }); // prettier-ignore

  test.each([
    ['/actuator/health', ''],
    ['/shop/actuator/health', 'server.servlet.context-path=/shop\n'],
    ['/manage/health', 'management.endpoints.web.base-path=/manage\n'],
    ['/health', 'management.endpoints.web.basePath=/\n'],
    [undefined, 'management.server.port=9000\n'],
    ['/actuator/health', 'management.endpoints.web.exposure.include=info,health\n'],
    [undefined, 'management.endpoints.web.exposure.include=info\n'],
    [undefined, 'management.endpoint.health.enabled=false\n'],
    [undefined, 'server.ssl.key-store=classpath:shop.p12\n'],
    [undefined, 'server.servlet.context-path=${PREFIX}\n'],
  ])('the path that is asked is %s where the settings are %j', (path, text) => {
    const found = detected(settings('application.properties', text));
    expect(found).toMatchObject({ port: 8080 });
    expect(found.healthPath).toBe(path);
  });

  test('of several jars the one that Spring Boot has packed is taken', () => {
    expect(written(server)).toContain(
      'cp "$(grep -l BOOT-INF/classes/ target/*.jar)" /opt/app.jar',
    );
  });

  const parent = '<parent><artifactId>all</artifactId>';
  const above =
    '<project><artifactId>all</artifactId><modules><module>app</module></modules></project>';
  test.each([
    ['apps/pom.xml', '', { '../pom.xml': above }],
    ['pom.xml', '<relativePath>../../</relativePath>', { '../../pom.xml': above }],
    [
      'all/pom.xml',
      '<relativePath>../../all/pom.xml</relativePath>',
      { '../../all/pom.xml': above },
    ],
  ])('the parent in %s is refused, as it is outside the project', (path, relative, files) => {
    const own = pom(`${parent}${relative}</parent>`);
    expect(() => detected({ ...own, ...files })).toThrow(
      `apps/app: pom.xml has its parent in ${path}, outside the folder that the image is built of. Write`,
    );
    expect(detected(own)).toMatchObject({ program: 'a.Main' });
    expect(detected({ ...pom(`${parent}<relativePath/></parent>`), ...files })).toBeDefined();
    const other = Object.fromEntries(Object.keys(files).map((file) => [file, '<project><artifactId>other</artifactId></project>'])); // prettier-ignore
    expect(detected({ ...own, ...other })).toBeDefined();
  });

  test('what starts is what the build file names, else the only class that can', () => {
    const said = '<properties><exec.mainClass>b.Other</exec.mainClass></properties>';
    expect(detected(pom(said)).program).toBe('b.Other');
    expect(detected(pom('')).program).toBe('a.Main');
    const kotlin = { 'src/main/kotlin/k/App.kt': 'package k\n\nfun main() {}\n' };
    expect(detected(pom('', kotlin)).program).toBe('k.AppKt');
  });

  test.each([
    [pom('', {}), ': no class below src/main has a main method'],
    [
      pom('', { ...main, 'src/main/java/B.java': 'class B { public static void main(String[] a) {} }' }),
      ': several classes have a main method (a.Main, B)',
    ],
    [pom('<modules><module>a</module></modules>'), ': pom.xml is of several modules'],
    [pom('<packaging>war</packaging>'), ': pom.xml packs a war, not a jar'],
    [pom('<groupId>io.quarkus.platform</groupId>'), ': pom.xml is of Quarkus'],
    [boot('2.2.13'), ': pom.xml: Spring Boot 2.2.13 makes no jar of layers'],
  ])('%j is refused%s', (files, message) => {
    expect(() => detected(files)).toThrow(`apps/app${message}`);
  }); // prettier-ignore
});

describe('Gradle', () => {
  const application = `plugins {\n    id 'java'\n    id 'application'\n}\napplication { mainClass = 'a.Main' }\n`;

  test.each([
    ['21', ''],
    ['17', 'java { toolchain { languageVersion = JavaLanguageVersion.of(17) } }'],
    ['11', 'java.sourceCompatibility = JavaVersion.VERSION_11'],
    ['8', "sourceCompatibility = '1.8'"],
    ['25', 'kotlin { jvmToolchain(25) }'],
  ])('Java %s of %j', (version, text) => {
    const files = { 'build.gradle': application + text };
    expect(detected(files)).toMatchObject({ version, program: 'a.Main' });
    expect(written(files)).toContain(`FROM gradle:8-jdk${version} AS builder\n`);
  });

  test('Gradle is that of the wrapper', () => {
    const url = 'https\\://services.gradle.org/distributions/gradle-8.14.3-bin.zip';
    const files = {
      'build.gradle': application,
      'gradle/wrapper/gradle-wrapper.properties': `distributionUrl=${url}\n`,
    };
    expect(written(files)).toContain('FROM gradle:8.14.3-jdk21 AS builder\n');
  });

  test.each([
    ['plugins {\n  id("org.springframework.boot") version "3.4.1"\n}\n', 'jarmode=tools'],
    ["plugins {\n  id 'org.springframework.boot' version '3.1.0'\n}\n", 'jarmode=layertools'],
  ])('Spring Boot of %j is taken apart by %s', (text, mode) => {
    const files = { 'build.gradle.kts': text };
    expect(written(files)).toContain('gradle --no-daemon bootJar');
    expect(written(files)).toContain(mode);
  });

  test.each([
    {
      'pom.xml':
        '<include>**/*Test.java</include><artifactId>spring-boot-maven-plugin</artifactId><!-- x --><include>**/*IT.java</include>',
    },
    {
      'build.gradle':
        "ext.tests = '**/*Test'\nplugins { id 'org.springframework.boot' version '3.4.1' }\next.more = '**/*IT'\n",
    },
  ])('the patterns of files in %j are no comments', (files) => {
    expect(written(files as Record<string, string>)).toContain('jarmode=tools');
  });

  const boot = (version: string) => `plugins {\n  id 'org.springframework.boot' ${version}\n}\n`;
  test.each([
    ['layertools', boot('version "${springBootVersion}"'), { 'gradle.properties': 'springBootVersion=2.7.18\n' }],
    ['tools', boot('version springBootVersion'), { 'gradle.properties': 'springBootVersion = 3.5.8\n' }],
    ['layertools', boot('version property("spring.boot")'), { 'gradle.properties': 'spring.boot=3.1.0\n' }],
    ['layertools', `buildscript {\n  ext.bootVersion = '2.7.18'\n}\n${boot('version "$bootVersion"')}`, {}],
    ['layertools', `buildscript {\n  ext { set('boot', '2.7.18') }\n  dependencies {\n    classpath "org.springframework.boot:spring-boot-gradle-plugin:\${boot}"\n  }\n}\napply plugin: 'org.springframework.boot'\n`, {}],
    ['layertools', boot(''), { 'settings.gradle': "pluginManagement { plugins {\n  id 'org.springframework.boot' version '2.7.18'\n} }\n" }],
    ['layertools', boot(''), { 'buildSrc/build.gradle': "dependencies { implementation 'org.springframework.boot:spring-boot-gradle-plugin:2.7.18' }\n" }],
    ['layertools', `${boot("version '2.7.18' apply false")}apply plugin: 'org.springframework.boot'\n`, {}],
    ['tools', boot(''), {}],
  ])('%s takes Spring Boot apart where its version is in %j', (mode, text, files) => {
    expect(written({ 'build.gradle': text, ...files })).toContain(`jarmode=${mode} `);
  }); // prettier-ignore

  const catalog = {
    'gradle/libs.versions.toml': [
      '[versions]',
      'springBoot = "2.7.18" # the old one',
      'java = "17"',
      '[libraries]',
      'spring-web = { module = "org.springframework.boot:spring-boot-starter-web" }',
      'actuator = { group = "org.springframework.boot", name = "spring-boot-starter-actuator" }',
      '[bundles]',
      'web = [\n  "spring-web",\n  "actuator",\n]',
      '[plugins]',
      'spring-boot = { id = "org.springframework.boot", version.ref = "springBoot" }',
      'boot_new = "org.springframework.boot:3.5.8"',
    ].join('\n'),
  };
  test.each([
    ['layertools', 'alias(libs.plugins.spring.boot)'],
    ['layertools', 'alias libs.plugins.spring.boot'],
    ['tools', 'alias(libs.plugins.boot.new)'],
    ['layertools', 'id("org.springframework.boot") version libs.versions.springBoot.get()'],
  ])('%s takes Spring Boot apart where the catalog says what %s is', (mode, plugin) => {
    const more = 'kotlin { jvmToolchain(libs.versions.java.get().toInt()) }\n';
    const text = `plugins {\n  ${plugin}\n}\n${more}`;
    const found = detected({ 'build.gradle.kts': text, ...catalog });
    expect(found).toMatchObject({ version: '17', springBoot: { mode } });
    expect(found).not.toHaveProperty('port');
    for (const dependency of ['libs.bundles.web', 'libs.spring.web'])
      expect(
        detected({ 'build.gradle.kts': `${text}dependencies { implementation(${dependency}) }`, ...catalog }),
      ).toMatchObject({ port: 8080 }); // prettier-ignore
  });

  const all = { '../../settings.gradle': "include 'apps:app', 'lib'\n" };
  test.each([
    [`${application}dependencies { implementation(project(":lib")) }\n`, {}, 'build.gradle needs the project :lib, outside'],
    [`${application}dependencies {\n  implementation projects.lib\n}\n`, all, 'build.gradle needs the project projects.lib of the build of settings.gradle, outside'],
    [boot(''), all, 'build.gradle takes the version of Spring Boot of the build of settings.gradle, outside'],
    [application, { 'settings.gradle': "includeBuild '../lib'\n" }, 'the settings of Gradle name ../lib, outside'],
    [`${application}apply from: "$rootDir/../common.gradle"\n`, {}, 'build.gradle applies $rootDir/../common.gradle, outside'],
    [`${application}dependencies { implementation(libs.web) }\n`, { '../../gradle/libs.versions.toml': '' }, 'build.gradle takes libs of gradle/libs.versions.toml, outside'],
    [boot('version springBootVersion'), {}, 'the version of Spring Boot is that of springBootVersion, which neither build.gradle nor gradle.properties beside it sets'],
    [boot('version (property("boot") as String)'), {}, 'the version of Spring Boot is that of boot, which'],
    [boot("version '3.5.8' apply false"), {}, 'build.gradle applies neither Spring Boot nor'],
    ['plugins {\n  alias(libs.plugins.spring.boot)\n}\n', {}, 'build.gradle names libs.plugins.spring.boot, which gradle/libs.versions.toml of the project does not have'],
  ])('%j with %j is refused: %s', (text, files, message) => {
    expect(() => detected({ 'build.gradle': text, ...files })).toThrow(`apps/app: ${message}`);
  }); // prettier-ignore

  test('a build of several projects that the folder holds is not refused', () => {
    const text = `${application}dependencies { implementation(project(":lib")) }\n`;
    const files = { 'build.gradle': text, 'settings.gradle': "include 'lib'\n", ...all };
    expect(detected(files)).toMatchObject({ program: 'a.Main' });
    expect(detected({ 'build.gradle': boot("version '3.5.8'"), ...all })).toBeDefined();
  });

  test('what names nothing that is run is refused', () => {
    expect(() => detected({ 'build.gradle': "plugins { id 'java-library' }\n" })).toThrow(
      'apps/app: build.gradle applies neither Spring Boot nor the plugin application',
    );
  });
});
