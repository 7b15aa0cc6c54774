import { goProgram } from './installed.mjs';

const module = 'github.com/fsouza/fake-gcs-server@v1.56.1';

/**
 * A server that speaks Google Cloud Storage's API, for tests only.
 *
 * @param {{ install: boolean }} options
 * @returns {string | null} its path; null when it is not there and cannot be built
 */
export const findGcsServer = (options) => goProgram('fake-gcs-server', module, options);
