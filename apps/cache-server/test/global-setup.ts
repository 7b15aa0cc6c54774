import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { bundle } from '../build.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** The bundled command line, as it is shipped. */
    mainFile: string;
  }
}

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'excel2doc-cache-bundle-'));
  const mainFile = join(folder, 'main.js');
  await bundle(mainFile);
  project.provide('mainFile', mainFile);
  return () => rm(folder, { recursive: true });
}
