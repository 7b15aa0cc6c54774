import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { BlobStore, randomName } from '../blob/store';
import type { Descriptor } from '../image/types';
import { MEDIA_TYPES, parsePlatform } from '../image/types';
import type { ImageRecord } from './record';

export const IMAGE_JSON = 'image.json';

/**
 * A layout in the making, beside where it will stand. `commit` puts it in its place in one rename;
 * whoever is killed leaves the old folder, the new one or none, never a mixture.
 */
export class LayoutDraft {
  readonly store: BlobStore;

  private constructor(
    private readonly target: string,
    readonly directory: string,
  ) {
    this.store = new BlobStore(directory, { durable: false });
  }

  /** @param directory the output folder, replaced whole by `commit` */
  static async start(directory: string): Promise<LayoutDraft> {
    const target = resolve(directory);
    await mkdir(dirname(target), { recursive: true });
    await removeLeftovers(target);
    const path = `${siblingPrefix(target)}${randomName()}`;
    await mkdir(path);
    return new LayoutDraft(target, path);
  }

  /** Writes oci-layout, index.json and, last, image.json, then takes the folder's place. */
  async commit(record: ImageRecord, manifest: Descriptor): Promise<void> {
    const described = { ...manifest, platform: parsePlatform(record.platform) };
    await writeLayoutFiles(this.directory, [described]);
    await rm(join(this.directory, 'incoming'), { recursive: true, force: true });
    await writeFile(join(this.directory, IMAGE_JSON), `${JSON.stringify(record, null, 2)}\n`);
    await this.takePlace();
  }

  async discard(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  private async takePlace(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const aside = `${siblingPrefix(this.target)}${randomName()}`;
      const moved = await rename(this.target, aside).then(
        () => true,
        () => false,
      );
      try {
        await rename(this.directory, this.target);
        return;
      } catch (error) {
        // Another build of the same stage got there between the two renames.
        const { code } = error as NodeJS.ErrnoException;
        if (attempt >= 10 || (code !== 'ENOTEMPTY' && code !== 'EEXIST')) throw error;
      } finally {
        if (moved) await rm(aside, { recursive: true, force: true });
      }
    }
  }
}

/** @see OCI image-spec v1.1, image-layout.md */
export async function writeLayoutFiles(directory: string, manifests: Descriptor[]): Promise<void> {
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.index, manifests };
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  await writeFile(join(directory, 'index.json'), JSON.stringify(index));
}

function siblingPrefix(target: string): string {
  return join(dirname(target), `.${basename(target)}.`);
}

/** What killed builds of this folder left; a living process keeps its own. */
async function removeLeftovers(target: string): Promise<void> {
  const folder = dirname(target);
  const prefix = `.${basename(target)}.`;
  for (const name of await readdir(folder)) {
    const match = name.startsWith(prefix) && /^(\d+)-[0-9a-f]{12}$/.exec(name.slice(prefix.length));
    if (!match || (await isAlive(Number(match[1])))) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

async function isAlive(pid: number): Promise<boolean> {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  // A zombie answers signals but writes nothing more.
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) [ZX] /.test(status);
}
