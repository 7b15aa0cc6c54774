import { join } from 'node:path';

/** Absolute path of the checkout. */
export const workspaceRoot = join(__dirname, '..');
