import type { Acme } from './workspace';

/** A row of the table: what is done to the workspace, and all that follows of it. */
export interface Edit {
  name: string;
  apply: (acme: Acme) => void;
  /** The projects whose images `nx affected` names, besides `audit`, which copies the workspace. */
  affects: string[];
  /** The tasks that run; every other one is a hit. */
  makes: string[];
  /** Git does not see it, so nothing is affected. */
  isUnseen: boolean;
}

const words = (text: string) => text.split(' ').filter(Boolean).sort();

const edit = (name: string, affects: string, makes: string, apply: Edit['apply']): Edit => ({
  name,
  apply,
  affects: words(affects),
  makes: words(makes),
  isUnseen: false,
});
const unseen = (name: string, makes: string, apply: Edit['apply']): Edit => ({
  name,
  apply,
  affects: [],
  makes: words(makes),
  isUnseen: true,
});

const ABOVE_PYTHON = 'python:runner api:deps api:runner api:runner-migrate worker:runner';
const ABOVE_BASE = `base:runner tools:runner ${ABOVE_PYTHON}`;
const ON_BASE = 'base python tools api worker';
const IMAGES_OF_ALL = `${ON_BASE} web admin gateway go java docs help`;
const append = (file: string, text: string) => (acme: Acme) => acme.append(file, text);
const replace = (file: string, text: string, by: string) => (acme: Acme) =>
  acme.replace(file, text, by);
const write = (file: string, text: string) => (acme: Acme) => acme.write(file, text);

const SOURCES: Edit[] = [
  edit('a source', 'api', 'api:runner', append('apps/api/src/main.py', 'a = 1\n')),
  edit('a new source', 'api', 'api:runner', write('apps/api/src/new.py', 'new = 1\n')),
  edit('two sources', 'api', 'api:runner', (acme) => {
    acme.append('apps/api/src/main.py', 'b = 2\n');
    acme.append('apps/api/src/new.py', 'b = 2\n');
  }),
  edit('a source renamed', 'api', 'api:runner', (acme) =>
    acme.rename('apps/api/src/new.py', 'apps/api/src/other.py'),
  ),
  edit('a source deleted', 'api', 'api:runner', (acme) => acme.remove('apps/api/src/other.py')),
  edit('a source that is run', 'api', 'api:runner', (acme) =>
    acme.chmod('apps/api/src/main.py', 0o755),
  ),
  edit('a link', 'api', 'api:runner', (acme) => acme.link('main.py', 'apps/api/src/app.py')),
  edit('a link elsewhere', 'api', 'api:runner', (acme) => {
    acme.remove('apps/api/src/app.py');
    acme.link('tests', 'apps/api/src/app.py');
  }),
  edit('a test that is left out', 'api', '', append('apps/api/src/tests/test_main.py', '# a\n')),
  edit('a README', 'api', '', append('apps/api/README.md', 'a\n')),
  unseen('a file that git ignores', '', write('apps/api/src/main.pyc', 'compiled')),
  unseen('a mode that git does not keep', '', (acme) =>
    acme.chmod('apps/api/migrations/0001.sql', 0o600),
  ),
  unseen('a file written again', '', (acme) =>
    acme.write('apps/api/src/main.py', acme.read('apps/api/src/main.py')),
  ),
  edit(
    'requirements of an image',
    'api',
    'api:deps api:runner',
    append('apps/api/requirements.txt', 'alembic==1.0\n'),
  ),
  edit(
    'what only one Dockerfile of two copies',
    'api',
    'api:runner-migrate',
    write('apps/api/migrations/0002.sql', 'drop table t;\n'),
  ),
  edit('a main file', 'worker', 'worker:runner', append('apps/worker/main.py', 'a = 1\n')),
  edit(
    'a library that two images copy',
    'worker',
    'worker:runner audit:runner',
    append('libs/pylib/prices.py', 'TAX = 0\n'),
  ),
  edit(
    'a new file of it',
    'worker',
    'worker:runner audit:runner',
    write('libs/pylib/tax.py', 'TAX = 1\n'),
  ),
  edit('its README', 'worker', '', append('libs/pylib/README.md', 'a\n')),
  edit('what one image alone copies', '', 'audit:runner', append('policies/access.txt', 'root\n')),
  edit('what no image copies', '', '', append('notes/todo.txt', 'a\n')),
  edit(
    'a Go source',
    'go',
    'go:stage-build go:runner',
    append('services/go/cmd/server/main.go', 'func main() {}\n'),
  ),
  edit(
    'a Go package',
    'go',
    'go:stage-build go:runner',
    write('services/go/shop/shop.go', 'package shop\n'),
  ),
  edit('a Go file renamed', 'go', 'go:stage-build go:runner', (acme) =>
    acme.rename('services/go/shop/shop.go', 'services/go/shop/store.go'),
  ),
  edit('a Go test', 'go', '', append('services/go/cmd/server/main_test.go', '// a\n')),
  edit('go.sum', 'go', 'go:stage-build go:runner', append('services/go/go.sum', 'a h1:a\n')),
  edit(
    'a Java source',
    'java',
    'java:stage-build java:runner',
    append('services/java/src/App.java', '// a\n'),
  ),
  edit(
    'a POM',
    'java',
    'java:stage-build java:runner',
    append('services/java/pom.xml', '<!-- a -->\n'),
  ),
  unseen("a secret's value", '', append('private/maven.txt', 'another\n')),
];

const BUILT: Edit[] = [
  edit(
    "a library's source, which another target compiles",
    'web gateway',
    'ui:build web:build web:runner gateway:runner',
    append('libs/ui/src/button.js', 'export const big = 2;\n'),
  ),
  edit(
    "a library's comment",
    'web gateway',
    'ui:build web:build',
    append('libs/ui/src/button.js', '// a\n'),
  ),
  edit(
    'a source that is compiled',
    'web gateway',
    'web:build web:runner gateway:runner',
    append('apps/web/src/main.js', 'stop();\n'),
  ),
  edit(
    'a comment that is compiled away',
    'web gateway',
    'web:build',
    append('apps/web/src/main.js', '// a\n'),
  ),
  edit(
    'a lock file',
    'web gateway',
    'web:deps web:runner',
    replace('apps/web/package-lock.json', '3', '2'),
  ),
  edit(
    'how it is compiled',
    'web gateway',
    'web:build web:runner gateway:runner',
    replace('apps/web/project.json', ' > dist/apps/web/app.js', ' | tr a b > dist/apps/web/app.js'),
  ),
  edit(
    'a page of a bundle',
    'admin',
    'admin:bundle admin:runner',
    append('apps/admin/src/index.html', '<p>a</p>\n'),
  ),
  edit('what the bundle leaves out', 'admin', 'admin:bundle', write('apps/admin/src/a.txt', 'a\n')),
  edit(
    'what is beside a built output',
    'gateway',
    'gateway:runner',
    append('apps/gateway/nginx.conf', 'gzip on;\n'),
  ),
];

const DECLARATIONS: Edit[] = [
  edit("a base's file", ON_BASE, ABOVE_BASE, append('images/base/etc/motd', 'a\n')),
  edit("a base's README", ON_BASE, '', append('images/base/README.md', 'a\n')),
  edit("a base's variable", ON_BASE, ABOVE_BASE, replace('images/base/Dockerfile', '=1', '=2')),
  edit("a base's comment", ON_BASE, '', append('images/base/Dockerfile', '# a\n')),
  edit(
    'one side of a diamond',
    'python api worker',
    ABOVE_PYTHON,
    append('images/python/requirements.txt', 'uvicorn==1.0\n'),
  ),
  edit(
    'the other side',
    'tools api',
    'tools:runner api:runner',
    append('images/tools/bin/run.sh', '# a\n'),
  ),
  edit('its mode', 'tools api', 'tools:runner api:runner', (acme) =>
    acme.chmod('images/tools/bin/run.sh', 0o644),
  ),
  edit('a label', 'api', 'api:runner', replace('apps/api/Dockerfile', 'LABEL', 'LABEL a=b')),
  edit('blank lines', 'api', '', replace('apps/api/Dockerfile', '\n\n', '\n\n\n')),
  edit(
    'the second Dockerfile',
    'api',
    'api:runner-migrate',
    append('apps/api/Dockerfile.migrate', 'ENV A=1\n'),
  ),
  edit(
    'what a step runs',
    'web gateway',
    'web:deps web:runner',
    replace('apps/web/Dockerfile', 'npm ci', 'npm ci --omit=dev'),
  ),
  edit(
    'what is left out, fewer',
    'api',
    'api:runner',
    replace('apps/api/.dockerignore', 'src/tests\n', ''),
  ),
  edit('a comment of .dockerignore', 'api', '', append('apps/api/.dockerignore', '# a\n')),
  edit(
    'an ignore file that is copied itself',
    'go',
    'go:stage-build go:runner',
    append('services/go/.dockerignore', 'testdata\n'),
  ),
  edit(
    "the workspace's .dockerignore",
    'worker web gateway',
    'worker:runner',
    append('.dockerignore', 'libs/pylib/tax.py\n'),
  ),
  edit(
    "a Dockerfile's own ignore file",
    '',
    'audit:runner',
    append('apps/audit/Dockerfile.dockerignore', '!notes\n'),
  ),
  edit('what it takes since', '', 'audit:runner', append('notes/todo.txt', 'b\n')),
  edit(
    'a static page below another image',
    'docs help',
    'docs:runner help:runner',
    append('sites/docs/public/index.html', '<p>a</p>\n'),
  ),
  edit('a draft', 'docs help', '', append('sites/docs/public/drafts/next.html', '<p>a</p>\n')),
  edit('a folder of Bake', 'help', 'help:runner', append('sites/theme/theme.css', 'p {}\n')),
  edit(
    "Compose's argument",
    'worker java',
    'worker:runner',
    replace('compose.yaml', 'mail', 'fax'),
  ),
  edit("Compose's comment", 'worker java', '', append('compose.yaml', '# a\n')),
  edit(
    "Bake's variable",
    'gateway docs help',
    'gateway:runner',
    replace('docker-bake.hcl', '"edge"', '"core"'),
  ),
  edit("Bake's comment", 'gateway docs help', '', append('docker-bake.hcl', '# a\n')),
  edit("a project's argument", 'api', 'api:runner', replace('apps/api/project.json', '1.0', '1.1')),
  edit(
    "a project's tag",
    'api',
    '',
    replace('apps/api/project.json', '"name"', '"tags": ["a"],\n  "name"'),
  ),
  edit(
    "a secret's version",
    'java',
    'java:stage-build',
    replace('services/java/project.json', '"1"', '"2"'),
  ),
  edit('the lock', IMAGES_OF_ALL, '', replace('docker/images.lock.json', '{ "f', '{\n"f')),
  // Nx has it in the keys of all targets that no plugin makes keys for.
  edit('nx.json', IMAGES_OF_ALL, 'ui:build web:build admin:bundle', append('nx.json', '\n')),
];

/** The base images of nginx:alpine are another image from then on: docker/images.local.json says so. */
export const NEW_BASE = unseen(
  'a base image',
  'docs:runner help:runner gateway:runner',
  () => undefined,
);

/** In the order in which they are made: each is made on what the ones before it left. */
export const EDITS: readonly Edit[] = [...SOURCES, ...BUILT, ...DECLARATIONS];

/** What an older Nx is tried with: one of each kind. */
export const SHORT = EDITS.filter(({ name }) =>
  [
    ...['a source', 'a link', 'a README', 'a file that git ignores'],
    ...['requirements of an image', 'a library that two images copy', 'a source that is compiled'],
    ...['a comment that is compiled away', "a base's file", "a base's comment", 'the other side'],
    ...["Compose's argument", "Bake's variable", "a project's argument", 'nx.json'],
  ].includes(name),
);
