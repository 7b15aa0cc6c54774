import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { toolFolder } from './tool-folder.mjs';

const module = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';

/**
 * A real S3 server, for tests only: VersityGW, built once through the Go module proxy.
 *
 * @param {{ install: boolean }} options
 * @returns {string | null} its path; null when it is not there and cannot be built
 */
export function findS3Server({ install }) {
  const file = join(toolFolder, 'versitygw');
  if (existsSync(file) || !install) return existsSync(file) ? file : null;
  try {
    mkdirSync(toolFolder, { recursive: true });
    const env = { ...process.env, GOBIN: toolFolder, CGO_ENABLED: '0' };
    execFileSync('go', ['install', module], { env, stdio: 'pipe' });
    return file;
  } catch {
    return null;
  }
}
