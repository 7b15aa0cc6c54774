import { afterEach, beforeEach, expect, test } from 'vitest';
import { InferredWorkspace } from '../testing/inferred';

let workspace: InferredWorkspace;
beforeEach(() => {
  workspace = new InferredWorkspace();
});
afterEach(() => workspace.remove());

/** What is said about each image of `api`, by its target, and what is refused. */
function declared(files: Record<string, string>) {
  const targets = workspace.infer({ 'api/Dockerfile': 'FROM a\n', ...files })['api']!.targets!;
  const said = (name: string) =>
    (targets[name]?.metadata as { declared?: object } | undefined)?.declared;
  const { unread } = targets['docker-plan']!.metadata as { unread?: string[] };
  for (const [name, { options }] of Object.entries(targets))
    expect(JSON.stringify(options), `${name}: nothing of it may stand in options`).not.toContain(
      'Acme',
    );
  return { said, unread };
}

const compose = (...services: string[]) => ({
  'compose.yaml': `services: { ${services.join()} }\n`,
});

test('labels of Compose are those of the image that is loaded and pushed: a map, or a list', () => {
  const map = '{ vendor: Acme, empty: null, build: 7, port: "${PORT:-80}", price: "$$5" }';
  const { said } = declared(compose(`api: { build: { context: api, labels: ${map} } }`));
  const labels = { vendor: 'Acme', empty: '', build: '7', port: '80', price: '$5' };
  expect(said('docker-build')).toEqual({ labels });
  expect(said('docker-push')).toEqual({ labels });
  const list = declared(compose('api: { build: { context: api, labels: [vendor=Acme, a=b=c] } }'));
  expect(list.said('docker-build')).toEqual({ labels: { vendor: 'Acme', a: 'b=c' } });
});

test('a label whose variable has no default is refused by name', () => {
  const { unread } = declared(compose('api: { build: { context: api, labels: { sha: "$SHA" } } }'));
  expect(unread).toEqual(['compose.yaml, api: labels.sha (a variable in it has no default)']);
});

test('services that differ in labels alone share their stages and have an image each', () => {
  const service = (name: string, label: string) =>
    `${name}: { build: { context: api, labels: [role=${label}] } }`;
  const { said } = declared(compose(service('web', 'web'), service('job', 'job')));
  expect(said('docker-build')).toEqual({ labels: { role: 'web' } });
  expect(said('docker-build-job')).toEqual({ labels: { role: 'job' } });
  expect(said('docker-push-job')).toEqual({ labels: { role: 'job' } });
});

test('Bake targets inherit labels by name, and annotations whole', () => {
  const bake = `variable "WHO" { default = "Acme" }
target "_common" {
  labels = { vendor = WHO, role = "none" }
  annotations = ["index:a=1"]
}
target "api" {
  inherits = ["_common"]
  context = "api"
  labels = { role = "api", unset = null }
}
`;
  const { said, unread } = declared({ 'docker-bake.hcl': bake });
  expect(unread).toBeUndefined();
  expect(said('docker-build')).toEqual({
    labels: { vendor: 'Acme', role: 'api' },
    annotations: ['index:a=1'],
  });
});

test('an image on another has its declared labels, less what the Dockerfile above sets', () => {
  const { said } = declared({
    ...compose(
      'low: { build: { context: low, labels: { vendor: Acme, role: low, team: a, kept: low } } }',
      'mid: { build: { context: mid, labels: { team: b } } }',
      'api: { build: { context: api, additional_contexts: { base: service:mid }, labels: { own: c } } }',
    ),
    'low/project.json': '{"name":"low"}',
    'low/Dockerfile': 'FROM x\nLABEL vendor=none\n',
    'mid/Dockerfile': 'FROM low:dev AS a\nLABEL "role"="mid"\nFROM a\nRUN x\n',
    'api/Dockerfile': 'FROM scratch AS other\nLABEL vendor=other\nFROM base\nLABEL kept=api\n',
  });
  expect(said('docker-build')).toEqual({ labels: { vendor: 'Acme', team: 'b', own: 'c' } });
});

test('an image that copies from another has none of its labels', () => {
  const { said } = declared({
    ...compose('low: { build: { context: low, labels: { vendor: Acme } } }'),
    'low/Dockerfile': 'FROM x\n',
    'api/Dockerfile': 'FROM x\nCOPY --from=low:dev /a /a\n',
  });
  expect(said('docker-build')).toBeUndefined();
});

test('images that are built on each other inherit in no circle', () => {
  const { said } = declared({
    ...compose('low: { build: { context: low, labels: { vendor: Acme } } }'),
    'low/Dockerfile': 'FROM api:dev\n',
    'api/Dockerfile': 'FROM low:dev\n',
  });
  expect(said('docker-build')).toEqual({ labels: { vendor: 'Acme' } });
});
