import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { InferredWorkspace } from '../testing/inferred';

let workspace: InferredWorkspace;
beforeEach(() => {
  workspace = new InferredWorkspace();
});
afterEach(() => {
  vi.restoreAllMocks();
  workspace.remove();
});

test.each([
  [
    'a Dockerfile that is not there',
    { 'compose.yaml': 'services: {api: {build: web}}' },
    ['compose.yaml, api: there is no web/Dockerfile that git knows'],
  ],
  [
    'a name that no Dockerfile has',
    { 'compose.yaml': 'services: {api: {build: {context: api, dockerfile: image.txt}}}' },
    [
      'compose.yaml, api: nothing here builds api/image.txt, which has no name of a Dockerfile: call it NAME.Dockerfile',
    ],
  ],
  [
    'paths of Bake that are meant from the root',
    { 'ci/docker-bake.hcl': 'target "api" {\n  context = "api"\n}\n' },
    [
      "ci/docker-bake.hcl, api: there is no ci/api/Dockerfile that git knows, but api/Dockerfile: paths count from the file's folder",
    ],
  ],
  [
    'a context of Bake in the network',
    { 'docker-bake.hcl': 'target "api" {\n  context = "https://example.org/a.git"\n}\n' },
    [
      'docker-bake.hcl, api: its context or Dockerfile is no file of this workspace, so it is left out',
    ],
  ],
  [
    'nothing of a target that is there to be inherited',
    {
      'docker-bake.hcl':
        'target "docker-metadata-action" {}\ntarget "api" {\n  inherits = ["docker-metadata-action"]\n  context = "api"\n}\n',
    },
    [],
  ],
])('what is declared and not built is said: %s', (_what, files, lines) => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  workspace.infer({ 'api/Dockerfile': 'FROM x\n', 'api/image.txt': 'FROM x\n', ...files });
  const said = warn.mock.calls.flat().map((line) => String(line).replace(/^\S+: /, ''));
  expect(said).toEqual(lines);
});
