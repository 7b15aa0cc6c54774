import { type DockerOptions, dockerTarget, StagesError } from '@excel2doc/stages';
import type { RunContext } from '../project';

/**
 * What a Compose or Bake file says of the build and is not carried out here. An argument that the
 * target's own options set is none.
 *
 * @throws StagesError `CHECK_FAILED` naming it: the image would be another one
 */
export function refuseUnread(
  options: Pick<DockerOptions, 'variant' | 'buildArgs'>,
  context: RunContext,
): void {
  const project = context.projectsConfigurations?.projects[context.projectName ?? ''];
  const target = dockerTarget('plan', options.variant);
  const { unread = [] } = (project?.targets?.[target]?.metadata ?? {}) as { unread?: string[] };
  const isSet = (each: string) => {
    const argument = /: args\.(.+)$/.exec(each)?.[1];
    return argument !== undefined && options.buildArgs?.[argument] !== undefined;
  };
  const left = unread.filter((each) => !isSet(each));
  if (left.length === 0) return;
  throw new StagesError('CHECK_FAILED', {
    message: `not carried out here, and the image would be another one without it: ${left.join('; ')}`,
    hint: `Write a plain value, set an argument as "buildArgs" in the options of ${target}, or take the key out`,
  });
}
