import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { StandIn } from '../package/base';
import {
  bareWorkspace,
  type ForeignWorkspace,
  GIT,
  type Ran,
  shell,
  writeFiles,
} from '../package/workspace';
import { EXECUTABLE, workspaceFiles } from './workspace-files';

/** What the stage java:build asks for; its value is in no key. */
export const SECRET_FILE = 'private/maven.txt';

/** What `nx graph` has to show. */
export const EDGES = [
  'api -> python',
  'api -> tools',
  'gateway -> web',
  'help -> docs',
  'python -> base',
  'tools -> base',
  'worker -> pylib',
  'worker -> python',
];

/** The targets that put an image into the engine. */
const LOADS = /:docker-build(-migrate)?$/;

/** The workspace "acme", with the plugin as a package. */
export class Acme {
  readonly workspace: ForeignWorkspace;

  /** @param prefix of the names of all its images */
  constructor(
    folder: string,
    env: ForeignWorkspace['env'],
    readonly prefix: string,
  ) {
    this.workspace = { folder, env: { ...env, NX_ISOLATE_PLUGINS: 'false' } };
  }

  async start(nxVersion: string, { localImages }: StandIn): Promise<void> {
    const { folder } = this.workspace;
    mkdirSync(folder, { recursive: true });
    await bareWorkspace(this.workspace, nxVersion);
    await this.must('npm install -D @excel2doc/nx-stages');
    writeFiles(folder, {
      ...workspaceFiles(this.prefix),
      '.gitignore': 'node_modules\ndist\n.nx\nprivate\n*.pyc\n*.local.json\n',
      'docker/images.lock.json': '{ "format": 1, "images": {} }\n',
      'docker/images.local.json': localImages,
      [SECRET_FILE]: 'token of maven\n',
      'nx.json': JSON.stringify({
        analytics: false,
        neverConnectToCloud: true,
        cacheDirectory: '.nx/cache',
        plugins: [
          {
            plugin: '@excel2doc/nx-stages',
            // The commit's tag would be another one after each edit.
            options: {
              imageName: `${this.prefix}/{projectName}`,
              tags: ['dev'],
              skipDefaultTag: true,
            },
          },
        ],
      }),
    });
    for (const file of EXECUTABLE) chmodSync(join(folder, file), 0o755);
    await this.commit();
  }

  /** Has a base image be another one on this machine. */
  nameBase(reference: string, { localImages }: StandIn): void {
    const file = 'docker/images.local.json';
    const [all, its] = [this.read(file), localImages].map((text) => JSON.parse(text));
    all.images[reference] = its.images[reference];
    this.write(file, JSON.stringify(all));
  }

  read(file: string): string {
    return readFileSync(join(this.workspace.folder, file), 'utf8');
  }

  write(file: string, text: string): void {
    writeFiles(this.workspace.folder, { [file]: text });
  }

  append(file: string, text: string): void {
    this.write(file, this.read(file) + text);
  }

  /** @throws where the file does not hold the text: an edit that edits nothing would prove nothing */
  replace(file: string, text: string, by: string): void {
    const before = this.read(file);
    if (!before.includes(text)) throw new Error(`${file} does not hold ${text}`);
    this.write(
      file,
      before.replace(text, () => by),
    );
  }

  remove(file: string): void {
    rmSync(join(this.workspace.folder, file), { recursive: true });
  }

  rename(from: string, to: string): void {
    this.write(to, this.read(from));
    this.remove(from);
  }

  link(target: string, file: string): void {
    symlinkSync(target, join(this.workspace.folder, file));
  }

  chmod(file: string, mode: number): void {
    chmodSync(join(this.workspace.folder, file), mode);
  }

  /** Commits all there is; the commit's id. */
  async commit(): Promise<string> {
    await this.must(`git add -A && ${GIT} commit -q --allow-empty -m edit`);
    return (await this.must('git rev-parse HEAD')).output.trim();
  }

  /** The projects whose images `nx affected` would build since the last commit, by the graph that Nx prints. */
  async affected(): Promise<string[]> {
    await this.must(
      'node_modules/.bin/nx affected -t docker-build docker-build-migrate --base=HEAD~1 --head=HEAD --graph=.nx/affected.json',
    );
    const { tasks } = JSON.parse(this.read('.nx/affected.json')) as {
      tasks: { tasks: Record<string, unknown> };
    };
    const images = Object.keys(tasks.tasks).filter((task) => LOADS.test(task));
    return [...new Set(images.map((task) => task.split(':')[0]!))].sort();
  }

  /** Builds all images; the tasks that ran, without those that only load an image. */
  async build(): Promise<string[]> {
    const { output } = await this.must(
      'node_modules/.bin/nx run-many -t docker-build docker-build-migrate',
    );
    const ended = output.matchAll(/^[>✔] +nx run (\S+?)( +\[[\w ]+\].*)?$/gm);
    return [...ended]
      .filter(([, task = '', hit]) => !hit && !LOADS.test(task))
      .map(([, task = '']) => task.replace(':docker-', ':'))
      .sort();
  }

  /** The edges between projects, as `nx graph` draws them. */
  async edges(): Promise<string[]> {
    await this.must('node_modules/.bin/nx graph --file=.nx/graph.json');
    const { graph } = JSON.parse(this.read('.nx/graph.json')) as {
      graph: { dependencies: Record<string, { source: string; target: string }[]> };
    };
    return Object.values(graph.dependencies)
      .flat()
      .map(({ source, target }) => `${source} -> ${target}`)
      .sort();
  }

  /** The digest that the outputs of a final stage give. */
  digestOf(home: string): string {
    const folder = `dist/${home}`;
    const [platform] = readdirSync(join(this.workspace.folder, folder)).filter((name) =>
      name.startsWith('linux-'),
    );
    return JSON.parse(this.read(`${folder}/${platform}/image.json`)).digest as string;
  }

  /** @throws where it fails, with what it said */
  async must(line: string): Promise<Ran> {
    const ran = await shell(this.workspace, line);
    if (ran.status !== 0) throw new Error(`${line}\n${ran.output}`);
    return ran;
  }
}
