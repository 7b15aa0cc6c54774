import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BaseInput, parseDockerfile } from '@excel2doc/dockerfile';
import { attempt } from './attempt';
import type { ProjectDockerfile } from './project-dockerfile';
import type { ImageMaker, Named, ProjectImages } from './project-images';
import { stagesOf } from './stages';

/**
 * The Dockerfiles that stand on an image of another project with ONBUILD triggers, with stages that know
 * of these: a trigger copies from the context, from what targets make and from other images as if it
 * stood in the Dockerfile above.
 *
 * @returns those that change, by what they were
 */
export function withProjectTriggers(
  { workspaceRoot, lockFile }: { workspaceRoot: string; lockFile: string },
  images: ProjectImages,
  dockerfiles: readonly ProjectDockerfile[],
): Map<ImageMaker, ProjectDockerfile> {
  const known = new Map<string, string[]>();
  const triggersOf = (image: Named) => {
    const key = `${image.maker.file} ${image.stage}`;
    const found = known.get(key) ?? attempt(key, () => triggers(workspaceRoot, image)) ?? [];
    known.set(key, found);
    return found;
  };
  return new Map(
    dockerfiles.flatMap((each): [ImageMaker, ProjectDockerfile][] => {
      const below = Object.fromEntries(
        each.stages.flatMap(({ base }): [string, BaseInput][] => {
          const image = base.kind === 'image' ? images.meant(each, base.reference) : undefined;
          if (base.kind !== 'image' || !image || image.maker === each) return [];
          const onbuild = triggersOf(image);
          return onbuild.length > 0 ? [[base.reference, { digest: null, onbuild }]] : [];
        }),
      );
      if (Object.keys(below).length === 0) return [];
      const source = { ...each.settings, dockerfile: each.file, lockFile, below };
      const stages = attempt(each.file, () => stagesOf(workspaceRoot, source));
      return stages ? [[each, { ...each, stages }]] : [];
    }),
  );
}

/** What an image's config has as OnBuild: those of its stage alone, for a stage below has run its own. */
function triggers(workspaceRoot: string, { maker: { file }, stage }: Named): string[] {
  const text = readFileSync(join(workspaceRoot, file), 'utf8');
  if (!/\bONBUILD\b/i.test(text)) return [];
  const { stages } = parseDockerfile(text, { file });
  const own = stages.find(({ name }) => name === stage)?.instructions ?? [];
  return own.flatMap((each) => (each.keyword === 'ONBUILD' ? each.expression : []));
}
