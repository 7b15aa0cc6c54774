import { DockerfileError, type Stage, parseDockerfile } from '@excel2doc/dockerfile';

/** The stages of a Dockerfile; none where it is not one: the build says what is wrong with it. */
export function stagesOf({ path, text }: { path: string; text: string }): Stage[] {
  try {
    return [...parseDockerfile(text, { file: path }).stages];
  } catch (error) {
    if (error instanceof DockerfileError) return [];
    throw error;
  }
}
