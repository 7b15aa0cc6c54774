import { StagesError } from '@excel2doc/stages';

/** @throws StagesError where a plugin of this version cannot work */
export function refuseOtherNx(version: string): void {
  const major = Number.parseInt(version, 10);
  if (major >= 22 && major < 24) return;
  throw new StagesError('CHECK_FAILED', {
    message: `@excel2doc/nx-stages works with Nx 22 and 23, this workspace has ${version}`,
    hint: 'Run `nx migrate`, or install a version of the plugin for it',
  });
}
