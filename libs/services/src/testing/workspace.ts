import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Engine, locateEngine, readBases } from '@excel2doc/engine';
import { Bases, type LocalImage } from '@excel2doc/stages';
import { type ComposeOptions, type OpenedCompose, openCompose } from '../compose/project';

/** A workspace of its own with a Compose project of its own, against the real engine. */
export interface TestWorkspace {
  root: string;
  project: string;
  engine: Engine;
  options: ComposeOptions;
  open(): Promise<OpenedCompose>;
  /** Builds an image on the Python base, as `<project>/<name>:<tag>`. */
  image(name: string, tag: string, dockerfile: string): Promise<string>;
  remove(): Promise<void>;
}

const repository = resolve(__dirname, '../../../..');

/** @param compose the text of its Compose file */
export async function testWorkspace(compose: (project: string) => string): Promise<TestWorkspace> {
  const root = await mkdtemp(join(tmpdir(), 'nx-stages-care-'));
  const project = `care-${randomBytes(4).toString('hex')}`;
  await mkdir(join(root, 'docker'));
  await copyFile(
    join(repository, 'docker', 'images.lock.json'),
    join(root, 'docker', 'images.lock.json'),
  );
  const local = { format: 1, images: await standIns() };
  await writeFile(join(root, 'docker', 'images.local.json'), JSON.stringify(local));
  await writeFile(join(root, 'docker', 'compose.yaml'), compose(project));
  const engine = await locateEngine();
  const options: ComposeOptions = { files: ['docker/compose.yaml'], project };
  const open = () => openCompose(options, { root });
  return {
    root,
    project,
    engine,
    options,
    open,
    async image(name, tag, dockerfile) {
      const bases = await Bases.read(root, 'docker/images.lock.json');
      const base = bases.context('python:3.12-slim-bookworm', engine.platform);
      const folder = await mkdtemp(join(root, 'build-'));
      const path = join(folder, 'Dockerfile');
      await writeFile(path, `FROM test-base\n${dockerfile}`);
      const reference = `${project}/${name}:${tag}`;
      await engine.build({
        dockerfile: path,
        contextDir: folder,
        namedContexts: { 'test-base': base ?? '' },
        output: { kind: 'load', tags: [reference] },
        showProgress: false,
      });
      return reference;
    },
    async remove() {
      const { compose } = await open();
      await compose.down({ volumes: true, removeOrphans: true, timeoutSeconds: 1 });
      for (const { repository: name, tag } of await engine.listImages([`reference=${project}/*`]))
        await engine.removeImage(`${name}:${tag}`);
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** What stands in for base images on this machine, as `npm start` found it last. */
export async function standIns(): Promise<Record<string, Record<string, LocalImage>>> {
  const images: Record<string, Record<string, LocalImage>> = {};
  for (const [platform, bases] of Object.entries((await readBases())?.platforms ?? {})) {
    for (const { reference, digest, standIn, layoutDir } of Object.values(bases)) {
      if (!standIn || !layoutDir) continue;
      const tag = `excel2doc/stand-in/${reference}`;
      images[reference] = { ...images[reference], [platform]: { digest, layoutDir, tag } };
    }
  }
  return images;
}

export const POSTGRES_SERVICE = `
  db:
    image: postgres:17-bookworm
    environment: { POSTGRES_USER: shop, POSTGRES_DB: shop, POSTGRES_PASSWORD: secret }
    volumes: [data:/var/lib/postgresql/data]
    healthcheck:
      test: [CMD-SHELL, 'pg_isready -q -h 127.0.0.1 -U shop -d shop']
      interval: 1s
      retries: 60`;
