import { posix } from 'node:path';
import type { ResolvedOptions } from '@excel2doc/stages';
import { attempt } from './attempt';
import { type DeclaredBuild, recipes } from './declared-build';
import { imageName } from './docker-targets';
import { variantOf, variants } from './dockerfile-name';
import { projectRootAt } from './project';
import type { ProjectDockerfile } from './project-dockerfile';
import type { TrackedFiles } from './tracked-files';

/** Every Dockerfile with the ways to build it that are declared, by project. */
export function findDockerfiles(
  files: readonly string[],
  {
    options,
    declared,
    tracked,
    nameAt,
  }: {
    options: ResolvedOptions;
    declared: Map<string, DeclaredBuild[]>;
    tracked: TrackedFiles;
    nameAt: (root: string) => string;
  },
): Omit<ProjectDockerfile, 'stages'>[] {
  return [...byProject(tracked, files)].flatMap(([root, its]) => {
    const names = variants(its, root);
    const taken = new Set([...names.values()]);
    return [...names].flatMap(([file, own]) => {
      const found = attempt(file, () => {
        const name = nameAt(root);
        const imageOf = (variant: string | undefined) => imageName(options, name, variant);
        const further = (services: readonly string[]) => {
          const variant = variantOf(own, services[0] ?? '', taken);
          taken.add(variant);
          return { variant, services: [...services], image: imageOf(variant) };
        };
        return recipes(declared.get(file) ?? []).map(
          ({ settings, names: services, others }, at): Omit<ProjectDockerfile, 'stages'> => ({
            file,
            root,
            name,
            settings,
            isFurther: at > 0,
            ...(at === 0 ? { variant: own, services, image: imageOf(own) } : further(services)),
            others: others.map(({ names, ...other }) => ({ ...further(names), ...other })),
          }),
        );
      });
      return found ?? [];
    });
  });
}

/** The Dockerfiles of each project, by its root. */
export function byProject(
  tracked: TrackedFiles,
  dockerfiles: readonly string[],
): Map<string, string[]> {
  const projects = new Map<string, string[]>();
  for (const dockerfile of dockerfiles) {
    const root = projectRootAt(tracked, posix.dirname(dockerfile));
    projects.set(root, [...(projects.get(root) ?? []), dockerfile]);
  }
  return projects;
}
