import { posix } from 'node:path';
import type { ResolvedInstruction } from '@excel2doc/dockerfile';
import type { Base, LayerMaker } from '@excel2doc/oci';

/**
 * What makes each layer of a stage above what it is built on, lowest first. The history of an image
 * does not tell it: a COPY there does not say where from, and a base may have any history.
 *
 * @see BuildKit's dockerfile2llb: RUN, COPY, ADD, and a WORKDIR that is not `/`, make one each
 */
export function layerMakers(
  instructions: readonly ResolvedInstruction[],
  { config }: Pick<Base, 'config'>,
): LayerMaker[] {
  let folder = config?.config?.WorkingDir || '/';
  return instructions.flatMap((each): LayerMaker[] => {
    if (each.kind === 'run') return ['run'];
    if (each.kind === 'copy' || each.kind === 'add')
      return [each.from === undefined ? 'context' : 'stage'];
    if (each.kind !== 'workdir') return [];
    folder = posix.resolve('/', folder, each.path);
    // Folders alone: they have no time of the layer's.
    return folder === '/' ? [] : ['stage'];
  });
}
