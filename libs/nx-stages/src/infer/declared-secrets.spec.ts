import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SaidOptions } from '@excel2doc/stages';
import { InferredWorkspace } from '../testing/inferred';

let workspace: InferredWorkspace;
beforeEach(() => {
  workspace = new InferredWorkspace();
});
afterEach(() => workspace.remove());

/** What declaration files say of the secrets of `api`, and what of it is refused. */
function declared(files: Record<string, string>) {
  const projects = workspace.infer({ 'api/Dockerfile': 'FROM a\n', ...files });
  const { metadata } = projects['api']!.targets!['docker-plan']!;
  const { declaredSecrets, unread } = metadata as {
    declaredSecrets?: SaidOptions[];
    unread?: string[];
  };
  return { said: declaredSecrets, unread };
}

describe('Compose', () => {
  const compose = (build: string, secrets: string, file = 'deploy/compose.yaml') => ({
    [file]: `services: { api: { build: { context: ../api, ${build} } } }\nsecrets: { ${secrets} }\n`,
  });

  test('gives files and variables by the name or the target, and agents', () => {
    const build =
      'secrets: [npm, { source: pip, target: netrc, uid: "1" }], ssh: [default, "gh=./id_gh"]';
    const secrets = 'npm: { environment: NPM_TOKEN }, pip: { file: "${PIP:-./pip.conf}" }';
    expect(declared(compose(build, secrets))).toEqual({
      said: [
        {
          by: 'deploy/compose.yaml, api',
          options: {
            secrets: [
              { id: 'npm', env: 'NPM_TOKEN' },
              { id: 'netrc', src: 'deploy/pip.conf' },
            ],
            ssh: ['default', 'gh=deploy/id_gh'],
          },
        },
      ],
      unread: undefined,
    });
  });

  test.each([
    ['npm: { external: true }', 'secrets.npm (only a file or a variable can be built with)'],
    ['npm: { file: "${NO_DEFAULT}/x" }', 'secrets.npm (a variable in it has no default)'],
    ['', 'secrets.npm (the file declares no such secret)'],
  ])('refuses by name what cannot be built with: %s', (secrets, unread) => {
    expect(declared(compose('secrets: [npm]', secrets)).unread).toEqual([
      `deploy/compose.yaml, api: ${unread}`,
    ]);
  });

  test('takes agents as a map', () => {
    const files = compose('ssh: { default: null, gh: /keys/gh }', '');
    expect(declared(files).said?.[0]?.options.ssh).toEqual(['default', 'gh=/keys/gh']);
  });
});

test('Bake gives texts and objects, with paths from its folder', () => {
  const bake = `target "api" {
  context = "api"
  secret = ["id=npm,env=NPM_TOKEN", "type=file,id=pip,src=pip.conf", "type=env,id=x,src=TOKEN", { type = "file", id = "netrc", src = "~/.netrc" }]
  ssh = ["default", { id = "gh", paths = ["keys/gh"] }]
}
`;
  expect(declared({ 'docker-bake.hcl': bake })).toEqual({
    said: [
      {
        by: 'docker-bake.hcl, api',
        options: {
          secrets: [
            'id=npm,env=NPM_TOKEN',
            'type=file,id=pip,src=pip.conf',
            'type=env,id=x,src=TOKEN',
            { type: 'file', id: 'netrc', src: '~/.netrc' },
          ],
          ssh: ['default', 'gh=keys/gh'],
        },
      },
    ],
    unread: undefined,
  });
});
