import { StagesError } from '@excel2doc/stages';

export function refused(
  what: string,
  hint = 'Look at it with compose-ps and compose-logs',
): StagesError {
  return new StagesError('ROTATION_FAILED', { message: what, hint });
}
