import { EngineError } from '@excel2doc/engine';

/** For what only BuildKit does of a stage, where Podman is the engine. */
export function needsDocker(stage: string, what: string): EngineError {
  return new EngineError('NEEDS_DOCKER', {
    message: `Stage ${stage} has what Podman does not do here: ${what}`,
    hint: 'Build it with Docker (option engine of @excel2doc/nx-stages in nx.json, or NX_STAGES_ENGINE), or take it out of the Dockerfile',
  });
}
