import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { npmHome, npmPackage } from './installed.mjs';

const version = '3.35.0';

/**
 * Azurite, Microsoft's own emulator of Azure Storage, for tests only.
 *
 * @param {{ install: boolean }} options
 * @returns {string | null} the main file of its blob server; null when it is not there
 */
export function findAzureServer({ install }) {
  if (!install && !existsSync(npmHome('azurite', version))) return null;
  try {
    return join(npmPackage('azurite', version), 'dist/src/blob/main.js');
  } catch {
    return null;
  }
}
