import { machinePlatform } from '@excel2doc/dockerfile';

/** The platform that this machine's engine runs natively: Docker Desktop runs Linux of the same kind. */
export function enginePlatform(): string {
  return process.env['NX_STAGES_PLATFORM'] ?? machinePlatform();
}
