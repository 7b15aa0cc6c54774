import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDockerfile } from '@excel2doc/dockerfile';
import type { Declared } from '@excel2doc/stages';
import type { ImageMaker, ProjectImages } from './project-images';

/**
 * What is declared about an image, and the labels that are declared about the images which it is built
 * on: BuildKit puts them into the lower image, so the upper one begins with them. Here they are in no
 * key: the last step of each image puts them there. What the Dockerfile says above goes before them.
 *
 * @param stage that becomes the image; the last one where it is undefined
 */
export function withInherited(
  around: { workspaceRoot: string; images: ProjectImages },
  maker: ImageMaker,
  { stage, declared }: { stage?: string | undefined; declared?: Declared | undefined },
): Declared | undefined {
  const labels = { ...inherited(around, maker, stage, []), ...declared?.labels };
  return Object.keys(labels).length > 0 ? { ...declared, labels } : declared;
}

function inherited(
  around: { workspaceRoot: string; images: ProjectImages },
  maker: ImageMaker,
  stage: string | undefined,
  seen: readonly ImageMaker[],
): Record<string, string> {
  const chain = chainOf(maker, stage);
  const base = chain.at(-1)?.base;
  const below = base?.kind === 'image' ? around.images.meant(maker, base.reference) : undefined;
  if (!below || below.maker === maker || seen.includes(below.maker)) return {};
  const its = inherited(around, below.maker, below.stage, [...seen, maker]);
  const labels = { ...its, ...below.declared?.labels };
  if (Object.keys(labels).length === 0) return {};
  const set = labelsSet(around.workspaceRoot, maker.file, new Set(chain.map(at)));
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !set.has(name)));
}

const at = ({ index }: { index: number }) => index;

/** A stage and those of its file that it is built on, down to the one that begins with an image. */
function chainOf({ stages }: ImageMaker, name: string | undefined): ImageMaker['stages'] {
  const stage = stages.find((each) => each.name === name) ?? stages.at(-1);
  if (!stage) return [];
  const { base } = stage;
  return [stage, ...(base.kind === 'stage' ? chainOf({ stages } as ImageMaker, base.stage) : [])];
}

/** The names that stages set by LABEL. */
function labelsSet(root: string, file: string, indexes: ReadonlySet<number>): Set<string> {
  const { stages } = parseDockerfile(readFileSync(join(root, file), 'utf8'), { file });
  const pairs = stages
    .filter((_, index) => indexes.has(index))
    .flatMap(({ instructions }) => instructions)
    .flatMap((each) => (each.keyword === 'LABEL' ? each.pairs : []));
  return new Set(pairs.map(({ name }) => name.replaceAll(/["']/g, '')));
}
