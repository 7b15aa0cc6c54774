import { join } from 'node:path';
import { type Engine, readBases } from '@excel2doc/engine';

/** Removes the images of these names, which may be patterns, with all their tags. */
export async function removeImages(engine: Engine, ...names: string[]): Promise<void> {
  for (const name of names)
    for (const { repository, tag } of await engine.listImages([`reference=${name}`]))
      await engine.removeImage(`${repository}:${tag}`);
}

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
