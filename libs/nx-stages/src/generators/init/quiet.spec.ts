import { expect, test } from 'vitest';
import { withoutAdvertisement } from './quiet';

test('Nx is told not to advertise its cloud, where nobody uses it or has answered', () => {
  expect(withoutAdvertisement({ parallel: 2 })).toEqual({ parallel: 2, neverConnectToCloud: true });
  for (const answered of [
    { neverConnectToCloud: false },
    { nxCloudId: 'abc' },
    { nxCloudAccessToken: 'abc' },
    { tasksRunnerOptions: { default: { runner: 'nx-cloud' } } },
  ])
    expect(withoutAdvertisement(answered)).toEqual(answered);
});
