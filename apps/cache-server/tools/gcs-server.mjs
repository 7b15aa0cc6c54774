import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { toolFolder } from './tool-folder.mjs';

const module = 'github.com/fsouza/fake-gcs-server@v1.56.1';

/**
 * A server that speaks Google Cloud Storage's API, for tests only, built once through the Go module
 * proxy.
 *
 * @param {{ install: boolean }} options
 * @returns {string | null} its path; null when it is not there and cannot be built
 */
export function findGcsServer({ install }) {
  const file = join(toolFolder, 'fake-gcs-server');
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
