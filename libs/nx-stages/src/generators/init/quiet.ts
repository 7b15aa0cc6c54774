import type { NxJsonConfiguration } from '@nx/devkit';

/** Nx advertises its cloud after runs, unless somebody uses it or has answered already. */
export function withoutAdvertisement(nxJson: NxJsonConfiguration): NxJsonConfiguration {
  const isAnswered =
    nxJson.neverConnectToCloud !== undefined ||
    nxJson.nxCloudId !== undefined ||
    nxJson.nxCloudAccessToken !== undefined ||
    nxJson.tasksRunnerOptions !== undefined;
  return isAnswered ? nxJson : { ...nxJson, neverConnectToCloud: true };
}
