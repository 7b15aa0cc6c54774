import { buildPaths } from './compose-builds';
import type { ComposeFile } from './compose-file';

/** What tells the service of an image. */
interface Run {
  /** Without a tag. */
  image: string;
  /** Relative to the workspace. */
  dockerfile: string;
}

/** The service that runs a project: by the image that it names, or by the Dockerfile that it builds. */
export function serviceOf(compose: ComposeFile, { image, dockerfile }: Run): string | undefined {
  const { byImage, byDockerfile } = servicesIn(compose);
  const [first, second] = [byImage.get(image), byDockerfile.get(dockerfile)];
  if (first === undefined || second === undefined) return first ?? second;
  const names = Object.keys(compose.model.services);
  return names.indexOf(first) < names.indexOf(second) ? first : second;
}

/** Which of a workspace's Compose files run an image: none has to be asked for each of its Dockerfiles. */
export class ComposeServices {
  private readonly byImage = new Map<string, Set<ComposeFile>>();
  private readonly byDockerfile = new Map<string, Set<ComposeFile>>();
  private readonly rank: ReadonlyMap<ComposeFile, number>;

  constructor(files: readonly ComposeFile[]) {
    this.rank = new Map(files.map((file, at) => [file, at]));
    for (const file of files) {
      const { byImage, byDockerfile } = servicesIn(file);
      for (const image of byImage.keys()) add(this.byImage, image, file);
      for (const dockerfile of byDockerfile.keys()) add(this.byDockerfile, dockerfile, file);
    }
  }

  /** Those for which there is a `serviceOf`, in the order that they were given in. */
  filesOf({ image, dockerfile }: Run): ComposeFile[] {
    const found = new Set([
      ...(this.byImage.get(image) ?? []),
      ...(this.byDockerfile.get(dockerfile) ?? []),
    ]);
    return [...found].sort((a, b) => this.rank.get(a)! - this.rank.get(b)!);
  }
}

function add(map: Map<string, Set<ComposeFile>>, key: string, file: ComposeFile): void {
  map.set(key, (map.get(key) ?? new Set()).add(file));
}

interface ServiceIndex {
  byImage: Map<string, string>;
  byDockerfile: Map<string, string>;
}

const services = new WeakMap<ComposeFile, ServiceIndex>();

function servicesIn(compose: ComposeFile): ServiceIndex {
  const known = services.get(compose);
  if (known) return known;
  const index: ServiceIndex = { byImage: new Map(), byDockerfile: new Map() };
  for (const [name, service] of Object.entries(compose.model.services).reverse()) {
    const image = service?.image && withoutTag(service.image);
    const dockerfile = service?.build && buildPaths(compose.file, service.build)?.dockerfile;
    if (image) index.byImage.set(image, name);
    if (dockerfile) index.byDockerfile.set(dockerfile, name);
  }
  services.set(compose, index);
  return index;
}

// A variable in the tag's place (`image:${TAG:-dev}`) holds colons of its own.
const withoutTag = (image: string) => /^[^$]*?(?=:[^/]*$|@|:\$|$)/.exec(image)?.[0];
