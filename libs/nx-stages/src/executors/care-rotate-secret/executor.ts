import type { ExecutorContext } from '@nx/devkit';
import { type RotateOptions, rotateSecret } from '@excel2doc/services';
import { projectOf } from '../project';
import { report, sayLine } from '../report';

/** Gives PostgreSQL or Redis, and all that use it, another password while they serve. */
export default function careRotateSecret(options: RotateOptions, context: ExecutorContext) {
  return report(() => rotateSecret(options, projectOf(context), sayLine));
}
