import { goProgram } from './installed.mjs';

const module = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';

/**
 * A real S3 server, for tests only: VersityGW.
 *
 * @param {{ install: boolean }} options
 * @returns {string | null} its path; null when it is not there and cannot be built
 */
export const findS3Server = (options) => goProgram('versitygw', module, options);
