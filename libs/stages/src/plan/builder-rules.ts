import type { RuleSet } from '@excel2doc/dockerfile';
import { EngineError } from '@excel2doc/engine';
import type { DockerProject } from '../workspace/docker-project';

/**
 * The BuildKit in a release of Docker, by its first number, as far as there are rules for it. The
 * daemons of distributions do not say its version.
 *
 * @see moby/moby, vendor.mod of each release
 */
const BUILT_IN: Readonly<Record<string, RuleSet>> = { '26': 13 };

/** By whose rules a Dockerfile is built, as far as that can be known. */
export async function builderRules(
  project: Pick<DockerProject, 'builders' | 'engine'>,
): Promise<RuleSet | undefined> {
  // Which BuildKit a named builder has is not known here, nor yet which stages go to one.
  if (Object.keys(project.builders ?? {}).length > 0) return undefined;
  try {
    const { kind, serverVersion } = await project.engine();
    return kind === 'podman' ? undefined : BUILT_IN[serverVersion.split('.')[0] ?? ''];
  } catch (error) {
    // Planned without an engine: whoever builds it may be any.
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}
