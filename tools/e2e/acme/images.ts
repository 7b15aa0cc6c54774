interface AcmeImage {
  /** Where its final stage is, below dist. */
  home: string;
  /** Relative to the workspace. */
  context: string;
  /** Relative to the context. */
  dockerfile: string;
  /** Whether a Compose or Bake file says how it is built. */
  isDeclared?: true;
}

const own = (folder: string, dockerfile = 'Dockerfile'): AcmeImage => ({
  home: `${folder}/docker/runner`,
  context: folder,
  dockerfile,
});
const ofRoot = (folder: string): AcmeImage => ({
  home: `${folder}/docker/runner`,
  context: '.',
  dockerfile: `${folder}/Dockerfile`,
});
const declared = (image: AcmeImage): AcmeImage => ({ ...image, isDeclared: true });

/** The images of acme, by what stands behind the prefix of their names. */
export const IMAGES: Readonly<Record<string, AcmeImage>> = {
  base: own('images/base'),
  python: own('images/python'),
  tools: own('images/tools'),
  api: own('apps/api'),
  'api-migrate': {
    ...own('apps/api', 'Dockerfile.migrate'),
    home: 'apps/api@migrate/docker/runner',
  },
  worker: declared(ofRoot('apps/worker')),
  web: ofRoot('apps/web'),
  admin: own('apps/admin'),
  gateway: declared(ofRoot('apps/gateway')),
  go: own('services/go'),
  java: declared(own('services/java')),
  docs: declared(own('sites/docs', 'Containerfile')),
  help: declared(own('sites/help')),
  audit: declared(ofRoot('apps/audit')),
};
