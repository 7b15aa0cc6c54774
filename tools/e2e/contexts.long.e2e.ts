// Takes 240 s.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, locateEngine } from '@excel2doc/engine';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { removeImages } from './image';
import { imageContent } from './package/compare';
import { type LocalRegistry, startRegistry } from './package/registry';
import {
  bareWorkspace,
  type ForeignWorkspace,
  GIT,
  NX_VERSION,
  publishPackage,
  shell,
  userEnvironment,
  writeFiles,
} from './package/workspace';

/** Named contexts of Compose and Bake files, against what `docker compose build` and `bake` build. */
const scratch = mkdtempSync(join(tmpdir(), 'nx-stages-contexts-'));
const prefix = `contexts-${randomBytes(4).toString('hex')}`;
const shared = `${prefix}/shared:1`;
let engine: Engine;
let registry: LocalRegistry;
let workspace: ForeignWorkspace;
let layout: string;

const COPY = 'FROM scratch\nCOPY --from=more . /more/\nCOPY own.txt /\n';

/** Name -> Dockerfile, and what is said of its contexts. */
const cases: Record<string, { dockerfile: string; compose?: string; bake?: string }> = {
  'compose-folder': { dockerfile: COPY, compose: '{ more: ./more }' },
  'compose-list': { dockerfile: COPY, compose: '["more=more"]' },
  'compose-ignored': {
    dockerfile: 'FROM scratch\nCOPY --from=lists /a* /picked/\n',
    compose: '{ lists: ./ignoring }',
  },
  'compose-image': { dockerfile: COPY, compose: '{ more: "docker-image://SHARED" }' },
  'compose-from': {
    dockerfile: 'FROM more\nENV AFTER=1\nCOPY own.txt /\n',
    compose: '{ more: "docker-image://SHARED" }',
  },
  'compose-layout': { dockerfile: COPY, compose: '{ more: "oci-layout://LAYOUT" }' },
  'bake-folder': { dockerfile: COPY, bake: 'contexts = { more = "more" }' },
  'bake-target': { dockerfile: COPY, bake: 'contexts = { more = "target:bake-folder" }' },
  'bake-from': {
    dockerfile: 'FROM below\nENV AFTER=1\nCOPY own.txt /again/\n',
    bake: 'contexts = { below = "target:bake-target" }',
  },
  'bake-image': { dockerfile: COPY, bake: 'contexts = { more = "docker-image://SHARED" }' },
  'bake-layout': { dockerfile: COPY, bake: 'contexts = { more = "oci-layout://LAYOUT" }' },
  'bake-inherited': { dockerfile: COPY, bake: 'inherits = ["_more"]' },
  'bake-over-an-image': {
    dockerfile: 'FROM scratch\nCOPY --from=alpine:3 a.txt /\n',
    bake: 'contexts = { "alpine:3" = "more" }',
  },
};

/** The files that declare them; `tag` gives the images a name. */
function declared(): Record<string, string> {
  const filled = (text: string) => text.replace('SHARED', shared).replace('LAYOUT', layout);
  const services = Object.entries(cases).flatMap(([name, { compose }]) =>
    compose
      ? `  ${name}: { image: "${prefix}/plain-${name}:1", build: { context: ${name}, additional_contexts: ${filled(compose)} } }\n`
      : [],
  );
  const targets = Object.entries(cases).flatMap(([name, { bake }]) =>
    bake
      ? `target "${name}" {\n  context = "${name}"\n  ${filled(bake)}\n  tags = ["${prefix}/plain-${name}:1"]\n}\n`
      : [],
  );
  const common = 'target "_more" {\n  contexts = { more = "more" }\n}\n';
  return {
    'compose.yaml': `services:\n${services.join('')}`,
    'docker-bake.hcl': `${common}${targets.join('')}`,
  };
}

beforeAll(async () => {
  engine = await locateEngine();
  registry = await startRegistry(join(scratch, 'verdaccio'));
  await publishPackage(registry, join(scratch, 'package'));
  workspace = { folder: join(scratch, 'shop'), env: userEnvironment(registry.npmrc) };
  await bareWorkspace(workspace, NX_VERSION);
  writeFiles(workspace.folder, {
    'more/a.txt': 'a\n',
    'more/deep/b.txt': 'b\n',
    'ignoring/.dockerignore': 'a-secret\n.dockerignore\n',
    'ignoring/a-public': 'public\n',
    'ignoring/a-secret': 'secret\n',
    'shared/Dockerfile': 'FROM scratch\nENV SHARED=1\nCOPY c.txt /\n',
    'shared/c.txt': 'c\n',
  });
  for (const [name, { dockerfile }] of Object.entries(cases))
    writeFiles(workspace.folder, {
      [`${name}/Dockerfile`]: dockerfile,
      [`${name}/own.txt`]: `${name}\n`,
    });
  const make = [
    `docker buildx build -q --provenance=false -t ${shared} --load shared`,
    'docker buildx build -q --provenance=false --output type=oci,tar=false,dest=layout shared',
    'rm -r shared',
  ].join(' && ');
  const made = await shell(workspace, make);
  expect(made.status, made.output).toBe(0);
  const index = JSON.parse(readFileSync(join(workspace.folder, 'layout/index.json'), 'utf8'));
  layout = `layout@${index.manifests[0].digest}`;
  writeFiles(workspace.folder, declared());
  const add = `npm install -D @excel2doc/nx-stages && npx nx g @excel2doc/nx-stages:init && git add -A && ${GIT} commit -qm all`;
  const { status, output } = await shell(workspace, add);
  expect(status, output).toBe(0);
  const nxJson = JSON.parse(readFileSync(join(workspace.folder, 'nx.json'), 'utf8'));
  nxJson.plugins = [
    { plugin: '@excel2doc/nx-stages', options: { imageName: `${prefix}/{projectName}` } },
  ];
  writeFiles(workspace.folder, { 'nx.json': JSON.stringify(nxJson) });
});

afterAll(async () => {
  registry?.stop();
  await removeImages(engine, `${prefix}/*`);
  rmSync(scratch, { recursive: true, force: true });
});

test('both build all of it', async () => {
  const plain = await shell(
    workspace,
    'docker compose build -q && docker buildx bake --provenance=false --load $(sed -n \'s/^target "\\(bake.*\\)" .*/\\1/p\' docker-bake.hcl)',
  );
  expect(plain.status, plain.output).toBe(0);
  // What only the engine has is cached once it is locked.
  const build = 'npx nx run-many -t docker-lock && npx nx run-many -t docker-build';
  const { status, output } = await shell(workspace, build, { NX_STAGES_TAG: 'ours' });
  expect(status, output).toBe(0);
});

test.each(Object.keys(cases))('%s holds what a plain build of it holds', async (name) => {
  const ours = await imageContent(engine, `${prefix}/${name}:ours`);
  const plain = await imageContent(engine, `${prefix}/plain-${name}:1`);
  expect(ours.files).toEqual(plain.files);
  expect(ours.config['Env']).toEqual(plain.config['Env']);
});

test('the graph has the edges of linked targets, and an edit of a folder builds what names it', async () => {
  const graph = await shell(workspace, 'npx nx graph --file=.nx/graph.json');
  expect(graph.status, graph.output).toBe(0);
  const { dependencies } = JSON.parse(
    readFileSync(join(workspace.folder, '.nx/graph.json'), 'utf8'),
  ).graph as { dependencies: Record<string, { target: string }[]> };
  const on = (name: string) => (dependencies[name] ?? []).map(({ target }) => target);
  expect([on('bake-target'), on('bake-from')]).toEqual([['bake-folder'], ['bake-target']]);
  writeFiles(workspace.folder, { 'more/a.txt': 'edited\n' });
  const env = { NX_STAGES_TAG: 'ours' };
  const again = await shell(workspace, 'npx nx run-many -t docker-build', env);
  expect(again.status, again.output).toBe(0);
  const stages = [...again.output.matchAll(/nx run ([\w-]+):docker-stage-0(?! +\[)\s*$/gm)];
  const rebuilt = stages.map(([, name]) => name!).sort();
  expect(rebuilt).toEqual(
    Object.keys(cases)
      .filter((name) => /folder|list|target|from$|inherited|over/.test(name))
      .filter((name) => name !== 'compose-from')
      .sort(),
  );
});
