import type { ComposeConfig, OpenedCompose } from './project';

/**
 * Pulls the images of other services that the engine lacks. The project's own is built, never
 * pulled: one of the same name from a registry would be another.
 *
 * @throws EngineError `REGISTRY_UNREACHABLE`, `IMAGE_NOT_FOUND`, … naming the image
 */
export async function pullMissing(
  { engine, compose }: Pick<OpenedCompose, 'engine' | 'compose'>,
  service: string,
): Promise<void> {
  // With the locked digests, or the stand-ins, in the place of the names.
  const { services } = (await compose.config()) as unknown as ComposeConfig;
  const own = services[service]?.image;
  const images = new Set(Object.values(services).flatMap(({ image }) => image ?? []));
  for (const image of images) {
    if (image === own || (await engine.inspectImage(image))) continue;
    process.stdout.write(`pulling ${image}\n`);
    await engine.pull(image);
  }
}
