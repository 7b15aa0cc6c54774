import { familiarReference } from '@excel2doc/dockerfile';
import { namedTags, type Naming, type PluginOptions } from '@excel2doc/stages';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { repositoryOf } from '../release/images';
import { InferredWorkspace } from '../testing/inferred';

let workspace: InferredWorkspace;
beforeEach(() => {
  workspace = new InferredWorkspace();
});
afterEach(() => workspace.remove());

const UNKNOWN = { why: 'it is not asked here' };
const facts = {
  projectName: 'base',
  commit: UNKNOWN,
  branch: UNKNOWN,
  pullRequest: UNKNOWN,
  gitTags: UNKNOWN,
  version: UNKNOWN,
  committed: UNKNOWN,
  source: UNKNOWN,
  defaultBranch: UNKNOWN,
  isScheduled: false,
  now: new Date(0),
};
const DIGEST = `sha256:${'a'.repeat(64)}`;

type Options = Naming & { image?: string; repository?: string };
const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
/** What is not said is not there. */
const without = <T extends object>(record: object) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;

const registry = fc.constantFrom(
  'registry.example.com/team',
  'localhost:5000',
  'docker.io',
  'docker.io/library',
  'index.docker.io/team/',
);
const name = fc.constantFrom(
  'one-{projectName}',
  'team/{projectName}',
  'localhost:5000/x/{projectName}',
  'docker.io/library/{projectName}',
);
const naming = {
  tag: optional(fc.constantFrom('v7', 'latest', 'dev')),
  tags: optional(
    fc.subarray(['stable', 'latest', 'type=raw,value=nightly', '{projectName}-1', 'type=sha']),
  ),
  skipDefaultTag: optional(fc.boolean()),
};
const ofBuild = fc.record({ ...naming, image: optional(name) }).map(without<Options>);
const ofPush = fc.record({ ...naming, repository: optional(name) }).map(without<Options>);
const said = fc.record({
  plugin: fc
    .record({
      registry: optional(registry),
      imageName: optional(fc.constantFrom('{projectName}', 'acme/{projectName}')),
      tags: naming.tags,
    })
    .map(without<PluginOptions>),
  build: ofBuild,
  push: ofPush,
  /** Which of the two nx.json says, and not the project. */
  isDefault: fc.boolean(),
  inConfiguration: fc.boolean(),
});

/** What the executors would call the image, by their own rules. */
function published(options: Options, place: string): string[] {
  try {
    const filled = JSON.parse(
      JSON.stringify({ ...options, place }).replaceAll('{projectName}', 'base'),
    ) as Options & { place: string };
    return namedTags(filled, facts, {}).tags.map((tag) => `${filled.place}:${tag}`);
  } catch {
    // skipDefaultTag leaves none: nothing is published then.
    return [];
  }
}

const placeOf = (options: Options) => {
  try {
    return repositoryOf({ image: '', ...options }, {});
  } catch {
    return undefined;
  }
};

test("every name that docker-build or docker-push gives an image is the project's, however it is written; one with a digest is not", () => {
  fc.assert(
    fc.property(said, ({ plugin, build, push, isDefault, inConfiguration }) => {
      const wrap = (options: Options) =>
        inConfiguration && !isDefault ? { configurations: { production: options } } : { options };
      const own = { 'docker-build': wrap(build), 'docker-push': wrap(push) };
      const files = {
        'base/project.json': JSON.stringify({ name: 'base', ...(!isDefault && { targets: own }) }),
        'base/Dockerfile': 'FROM scratch AS runner\n',
      };
      const nxJson = isDefault ? { targetDefaults: own } : {};
      const { base } = workspace.infer(files, plugin, nxJson);
      const inferred = (target: string) => base?.targets?.[target]?.options as Options;
      const built = { ...inferred('docker-build'), ...build };
      const pushed = { ...inferred('docker-push'), ...push };
      const place = placeOf(pushed);
      const names = [
        ...published(built, built.image!),
        ...(place === undefined ? [] : published(pushed, place)),
      ];
      const written = names.flatMap((each) => [
        each,
        familiarReference(each)!,
        ...(each.endsWith(':latest') ? [each.slice(0, -':latest'.length)] : []),
      ]);
      const digested = names.map((each) => `${each}@${DIGEST}`);
      const lines = [
        'FROM scratch',
        ...[...new Set([...written, ...digested])].map((each) => `COPY --from=${each} /a /a`),
      ];
      const text = { ...files, 'api/Dockerfile': `${lines.join('\n')}\n` };
      const { api } = workspace.infer(text, plugin, nxJson);
      const { projectImages = {} } = (api?.targets?.['docker-plan']?.metadata ?? {}) as {
        projectImages?: Record<string, { project: string }>;
      };
      expect(Object.keys(projectImages).sort()).toEqual([...new Set(written)].sort());
      for (const { project } of Object.values(projectImages)) expect(project).toBe('base');
    }),
    { numRuns: 300 },
  );
});
