import { join } from 'node:path';
import { type Engine, readBases } from '@excel2doc/engine';

/** Builds a program's image on the slim Python base, which is Debian, so that nothing is installed on this machine. */
export async function buildImage(engine: Engine, image: string, contextDir: string): Promise<void> {
  const bases = await readBases();
  const base = Object.values(bases?.platforms[engine.platform] ?? {}).filter(
    ({ reference }) => reference === 'python:3.12-slim-bookworm',
  );
  const namedContexts = Object.fromEntries(
    base.map(({ reference, namedContext }) => [reference, namedContext]),
  );
  await engine.build({
    dockerfile: join(contextDir, 'Dockerfile'),
    contextDir,
    namedContexts,
    output: { kind: 'load', tags: [image] },
    showProgress: false,
  });
}
