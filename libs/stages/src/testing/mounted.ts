import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ociLayoutContext } from '@excel2doc/engine';
import { readLayout } from '@excel2doc/oci';
import type { CacheMounts } from '../workspace/cache-mounts-option';
import { type Said, StagedWorkspace } from './staged';

/** Copies what it lacks into its store from nowhere: each file is made of its name, and said to be fetched. */
const GET = `while read -r name size; do
  file=/root/.cache/store/$name
  if [ ! -e "$file" ]; then
    echo "fetched $name"
    busybox mkdir -p "$(busybox dirname "$file")"
    busybox yes "$name" | busybox head -c "$size" > "$file.part"
    busybox mv "$file.part" "$file"
  fi
  busybox mkdir -p "$(busybox dirname "/opt/$name")"
  busybox cp "$file" "/opt/$name"
done < /srv/list
`;

/** A stage whose RUN keeps what it fetches in a cache mount of its own. */
export class MountedWorkspace {
  readonly id = `nx-stages-${randomBytes(4).toString('hex')}`;
  readonly option: CacheMounts = { budget: '1GB', others: ['/root/.cache/store'] };
  private machine = 0;

  private constructor(readonly staged: StagedWorkspace) {}

  static async make(): Promise<MountedWorkspace> {
    const workspace = new MountedWorkspace(await StagedWorkspace.make());
    await workspace.write();
    return workspace;
  }

  /** @param first what the step's script does before it fetches */
  async write(stages = ['deps'], first = ''): Promise<void> {
    const mount = `--mount=type=cache,id=${this.id},target=/root/.cache/store`;
    const text = stages.map(
      (stage) => `FROM busybox:test AS ${stage}\nCOPY get.sh ${stage}.list /srv/\nRUN busybox mv /srv/${stage}.list /srv/list\nRUN ${mount} ["busybox", "sh", "/srv/get.sh"]\n`, // prettier-ignore
    );
    await this.staged.write('app/Dockerfile', text.join(''));
    await this.staged.write('app/get.sh', `${first}\n${GET}`);
  }

  /** @param sizes by name, in bytes */
  async list(sizes: Record<string, number>, stage = 'deps'): Promise<void> {
    const lines = Object.entries(sizes).map(([name, size]) => `${name} ${size}\n`);
    await this.staged.write(`app/${stage}.list`, lines.join(''));
  }

  /** From here on it is as on a machine that has never built it. */
  async anotherMachine(): Promise<void> {
    this.machine += 1;
    const fresh = new Date(Date.UTC(2026, 0, 1, 0, 0, this.machine)).toISOString();
    const lock = { format: 1, images: {}, fresh: { 'app/Dockerfile': fresh } };
    await this.staged.write('lock.json', JSON.stringify(lock));
    await rm(join(this.staged.root, 'dist'), { recursive: true, force: true });
    await this.inMount('busybox rm -rf /root/.cache/store/* /root/.cache/store/.[!.]*');
  }

  async plan(): Promise<void> {
    const { success, text } = await this.staged.plan();
    if (!success) throw new Error(text);
  }

  /** Plans, and makes the stage. @param cacheMounts undefined: what lies in its mounts is not kept */
  async build(cacheMounts: CacheMounts | undefined = this.option): Promise<Said> {
    await this.plan();
    return this.staged.stage('deps', cacheMounts && { cacheMounts });
  }

  /** What the last build fetched, by its log. */
  async fetched(stage = 'deps'): Promise<string[]> {
    const log = await readFile(
      join(this.staged.root, `dist/app/docker/${stage}/build.log`),
      'utf8',
    );
    return [...log.matchAll(/^#\d+ \d+\.\d+ fetched (\S+)$/gm)].map(([, name]) => name!).sort();
  }

  async digest(stage = 'deps'): Promise<string> {
    return (await this.staged.record(stage)).digest;
  }

  /** Runs a script that sees the mount. */
  async inMount(script: string): Promise<void> {
    const { engine, baseFolder } = this.staged;
    const folder = await mkdtemp(join(tmpdir(), 'nx-stages-mounted-'));
    const { descriptor } = await readLayout(baseFolder, engine.platform);
    const command = JSON.stringify(['busybox', 'sh', '-c', script, randomBytes(8).toString('hex')]);
    const dockerfile = join(folder, 'Dockerfile');
    const mount = `--mount=type=cache,id=${this.id},target=/root/.cache/store`;
    await writeFile(dockerfile, `FROM base\nRUN ${mount} ${command}\n`);
    try {
      await engine.build({
        dockerfile,
        contextDir: folder,
        platform: engine.platform,
        onProgress: () => undefined,
        namedContexts: {
          base: ociLayoutContext({ dir: baseFolder, tag: 'base', digest: descriptor.digest }),
        },
        output: { kind: 'cache' },
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async remove(): Promise<void> {
    await this.inMount('busybox rm -rf /root/.cache/store/*');
    await this.staged.remove();
  }
}
